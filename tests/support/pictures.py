"""Makes docs/pictures anew: `make pictures`.  Needs chromium, chromedriver and matplotlib, which brings Pillow."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image
from support.browser import Browser, browser
from support.command import ROOT, TUMOUR, call
from support.histories import every_kind, ledger_of

FOLDER = ROOT / "docs" / "pictures"
COLOURS = 256  # of a picture's palette: letters stay smooth, and a picture below 150 kB


class Shot(NamedTuple):
    """What is seen in a window when something is at its top."""

    name: str
    page: str
    colours: str
    width: int
    height: int
    top: str = "body"


SHOTS = (
    Shot("report", "program", "light", 1200, 1160),
    Shot("report-text", "program", "dark", 1200, 1180, "#part-3"),
    Shot("report-narrow", "program", "light", 400, 1000, "#part-4"),
    Shot("budgets", "budgets", "light", 1200, 760),
)


def shoot(window: Browser, shot: Shot, page: Path) -> None:
    window.open(page, shot.width, shot.height, shot.colours)
    window.run(f"document.querySelector('{shot.top}').scrollIntoView(); 0")
    image = Image.open(BytesIO(window.picture())).convert("RGB")
    small = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(FOLDER / f"{shot.name}.png", optimize=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as made, browser() as window:
        folder = Path(made)
        ledger_of(folder / "ledger.db", every_kind()).close()
        inspect = ("inspect", TUMOUR, "--records", "455", "--hints", "--html", str(folder / "program.html"))
        budget = ("budget", "report", "--ledger", str(folder / "ledger.db"), "--html", str(folder / "budgets.html"))
        for arguments in (inspect, budget):
            done = call(*arguments)
            assert done.exit_code == 0, done.stderr
        for shot in SHOTS:
            shoot(window, shot, folder / f"{shot.page}.html")


if __name__ == "__main__":
    main()
