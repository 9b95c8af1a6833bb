"""A page in Chromium without a screen, by way of chromedriver and nothing else: WebDriver is JSON over HTTP.

What a page has of scripts runs; what it asks for over the network is not answered.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-dev-shm-usage",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
    "force-color-profile=srgb",
)
FOLDER = Path(__file__).parents[2] / "build" / "axe"  # where .ci/run puts axe-core
KEYS = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}
PATIENCE = 60.0  # seconds


def axe() -> Path | None:
    """The script of axe-core, the accessibility check, where it is installed."""
    found = Path(os.environ.get("AXE_CORE", FOLDER)) / "node_modules" / "axe-core" / "axe.min.js"
    return found if found.is_file() else None


class Browser:
    """One window."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, path: str, **body: Any) -> Any:
        """Raises HTTPError where the driver refuses."""
        data = json.dumps(body).encode()
        request = Request(f"{self.address}{path}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def tell(self, command: str, **parameters: Any) -> Any:
        """The browser's own protocol, for what WebDriver does not have."""
        return self.ask("/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, page: Path, width: int, height: int, colours: str = "light") -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", **metrics)
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": colours}])
        self.ask("/url", url=page.absolute().as_uri())

    def run(self, script: str) -> Any:
        """What an expression comes to, a promise what it becomes; the page's own policy does not bind it."""
        found = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """One of KEYS, down and up."""
        down = {"type": "keyDown", "text": "\r"} if key == "Enter" else {"type": "rawKeyDown"}
        for kind in (down, {"type": "keyUp"}):
            self.tell("Input.dispatchKeyEvent", key=key, windowsVirtualKeyCode=KEYS[key], **kind)

    def picture(self) -> bytes:
        """PNG of what is seen."""
        return b64decode(self.tell("Page.captureScreenshot", format="png")["data"])


@contextmanager
def browser() -> Iterator[Browser]:
    """Needs CHROMIUM and DRIVER."""
    assert CHROMIUM and DRIVER
    with TemporaryDirectory() as folder, _driver() as address:
        options = {"args": [*(f"--{flag}" for flag in FLAGS), f"--user-data-dir={folder}"], "binary": CHROMIUM}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        session = Browser(address).ask("/session", capabilities=capabilities)["sessionId"]
        found = Browser(f"{address}/session/{session}")
        try:
            yield found
        finally:
            with urlopen(Request(found.address, method="DELETE"), timeout=PATIENCE):
                pass


@contextmanager
def _driver() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert DRIVER
    process = subprocess.Popen([DRIVER, f"--port={port}", "--silent"], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/status", timeout=PATIENCE):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)
