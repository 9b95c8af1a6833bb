"""The pages of `ccr inspect` and `ccr budget report` as a browser shows them: to eyes, to a keyboard, to a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import browser
from support.browser import Browser
from support.command import TUMOUR, call
from support.histories import every_kind, ledger_of

from runtime.api import compile
from runtime.report.forecast.seconds import foretold
from runtime.report.forecast.terms import seconds_over
from runtime.report.traffic import Link
from runtime.report.wording import duration

HEIGHT = 1000
WIDTHS, COLOURS = (400, 1600), ("light", "dark")

pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM and browser.DRIVER), reason="no chromium and chromedriver here, which show the page"
)


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser.browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    ledger_of(folder / "ledger.db", every_kind()).close()
    inspect = ("inspect", TUMOUR, "--records", "455", "--html", str(folder / "program.html"))
    budget = ("budget", "report", "--ledger", str(folder / "ledger.db"), "--html", str(folder / "budgets.html"))
    assert [call(*arguments).exit_code for arguments in (inspect, budget)] == [0, 0]
    return {name: folder / f"{name}.html" for name in ("program", "budgets")}


def pixels(window: Browser) -> Any:
    """Rows of (red, green, blue), from 0 to 1."""
    image = pytest.importorskip("matplotlib.image", reason="matplotlib, of the extra dev, reads the picture")
    return image.imread(BytesIO(window.picture()))[:, :, :3]


@pytest.mark.skipif(browser.axe() is None, reason="no axe-core in build/axe, which .ci/run installs, nor at $AXE_CORE")
@pytest.mark.parametrize("name", ["program", "budgets"])
def test_a_page_is_accessible(window: Browser, pages: dict[str, Path], name: str) -> None:
    """By all rules of axe-core, WCAG 2.1 AA and what it thinks best besides; with everything that folds open."""
    script = browser.axe()
    assert script is not None
    for width in WIDTHS:
        for colours in COLOURS:
            window.open(pages[name], width, HEIGHT, colours)
            window.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
            window.run(f"{script.read_text(encoding='utf-8')}; 0")
            found = json.loads(window.run("axe.run().then(JSON.stringify)"))
            said = [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]
            assert said == [], (width, colours)
            assert len(found["passes"]) > 15 and "color-contrast" in {rule["id"] for rule in found["passes"]}


@pytest.mark.parametrize("name", ["program", "budgets"])
@pytest.mark.parametrize("width", WIDTHS)
def test_its_picture(window: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    """Light or dark as the system asks, no wider than the window, and not empty."""
    for colours in COLOURS:
        window.open(pages[name], width, HEIGHT, colours)
        seen = pixels(window)
        paper, ink = np.median(seen), np.abs(seen - np.median(seen)).max()
        assert seen.shape == (HEIGHT, width, 3) and ink > 0.6
        assert paper > 0.95 if colours == "light" else paper < 0.15
        assert len(np.unique(np.rint(seen * 255) @ [65536, 256, 1])) > 30  # colours, with those of smoothed letters
        assert window.run("document.documentElement.scrollWidth") == width


def test_the_dearest_lines_are_the_warmest(window: Browser, pages: dict[str, Path]) -> None:
    window.open(pages["program"], 1600, HEIGHT)
    seen = window.run(
        "Array.from(document.querySelectorAll('.source tr[class] td:first-child'), "
        "cell => [cell.textContent, getComputedStyle(cell).backgroundColor])"
    )
    warm = {int(line): float(colour.rstrip(")").split()[-1]) for line, colour in map(_alpha, seen)}
    assert warm[25] == warm[24] > warm[28] == warm[15] > 0
    window.run("document.querySelector('.source').scrollIntoView()")
    red, green, blue = np.moveaxis(pixels(window), 2, 0)
    assert np.count_nonzero((red > 0.95) & (green < 0.9) & (blue < 0.8)) > 1000


def _alpha(cell: list[str]) -> tuple[str, str]:
    return cell[0], cell[1].replace(",", " ").replace("/", " ")


def test_colours_by_keyboard(window: Browser, pages: dict[str, Path]) -> None:
    """The buttons need no script, and remember nothing."""
    window.open(pages["program"], 1600, HEIGHT)
    assert np.median(pixels(window)) > 0.95
    window.press("Tab")
    window.press("ArrowLeft")  # from the first to the last of them
    assert window.run("document.activeElement.id") == "colours-dark" and np.median(pixels(window)) < 0.15
    window.press("ArrowLeft")
    assert window.run("document.activeElement.id") == "colours-light" and np.median(pixels(window)) > 0.95
    window.open(pages["program"], 1600, HEIGHT, "dark")
    assert np.median(pixels(window)) < 0.15 and window.run("localStorage.length + document.cookie.length") == 0


@pytest.mark.parametrize("name", ["program", "budgets"])
def test_all_of_it_is_reached_by_keyboard(window: Browser, pages: dict[str, Path], name: str) -> None:
    """In the order of the text, each with a mark that is seen."""
    window.open(pages[name], 400, HEIGHT)
    window.run(
        "window.all = Array.from(document.querySelectorAll('a, summary, input, [tabindex]'))"
        ".filter(one => one.checkVisibility() && (one.type !== 'radio' || one.checked)); 0"
    )
    marked = "(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)"
    for number in range(window.run("all.length")):
        window.press("Tab")
        assert window.run("all.indexOf(document.activeElement)") == number
        assert window.run(
            f"{marked}(getComputedStyle(document.activeElement.type === 'radio' "
            "? document.activeElement.nextElementSibling : document.activeElement))"
        )
    window.run("document.querySelector('summary')?.focus()")
    window.press("Enter")
    assert window.run("document.querySelector('details')?.open ?? true")


def test_a_link_of_ones_choice(window: Browser, pages: dict[str, Path]) -> None:
    """The script's seconds are the report's, by the fields and by the sliders' keys."""
    found = foretold([compile(TUMOUR).compiled])

    def shown() -> str:
        return str(window.run("document.getElementById('seconds').value"))

    def expected(mbit: float, trip: float) -> str:
        return f"about {duration(seconds_over(found, Link(mbit * 125e3, trip / 1e3)))} in all"

    window.open(pages["program"], 1600, HEIGHT)
    assert shown() == expected(100, 40)
    for mbit, trip in ((0.5, 300), (2.5, 0.2), (10_000, 1), (1, 2000)):
        for name, value in (("mbit", mbit), ("trip", trip)):
            window.run(f"{name}.value = {value}; {name}.dispatchEvent(new Event('input')); 0")
        assert shown() == expected(mbit, trip)
    window.run("mbit.value = 'x'; mbit.dispatchEvent(new Event('input')); 0")
    assert shown() == "no such link"
    window.run("document.getElementById('mbit-slider').focus()")
    window.press("ArrowRight")
    assert shown() == expected(float(window.run("mbit.value")), 2000) != expected(1, 2000)


def test_without_scripts(window: Browser, pages: dict[str, Path]) -> None:
    """The page says what common links take, and shows no slider that does nothing."""
    window.tell("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(pages["program"], 1600, HEIGHT)
        assert not window.run("document.getElementById('link').checkVisibility()")
        assert "one country" in window.run("document.querySelector('main').innerText")
    finally:
        window.tell("Emulation.setScriptExecutionDisabled", value=False)


def test_nothing_runs_but_its_own(window: Browser, pages: dict[str, Path]) -> None:
    """Whatever would slip into the page: its policy lets no other script or style in, and asks for nothing."""
    window.open(pages["program"], 1600, HEIGHT)
    broken = window.run("""(async () => {
        const broken = [];
        addEventListener("securitypolicyviolation", event => broken.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", `<img src="data:image/png,x" onerror="window.ran = 1">
            <p style="color: red">x</p><style>body { color: red }</style>`);
        await fetch("http://127.0.0.1:9/").catch(() => 0);
        await new Promise(done => setTimeout(done, 100));
        return [window.ran ?? 0, ...broken.sort()];
    })()""")
    assert broken[0] == 0
    assert {"connect-src", "img-src", "script-src-elem", "style-src-attr", "style-src-elem"} <= set(broken)
