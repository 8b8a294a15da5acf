"""A headless Chromium spoken to over a pipe: the DevTools protocol, NUL-separated JSON, with the standard library only.

What a page logs and requests is noted from its first byte on. There is no server and no port; the browser ends with
the pipe.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the page is our own, and root has no other way
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--remote-debugging-pipe",
)
PLACE_PIPES = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
SECONDS = 120  # without a word, after which the browser is given up
Json = dict[str, Any]


def find_chromium() -> str | None:
    return next((found for found in map(shutil.which, NAMES) if found), None)


@dataclass
class Browser:
    """One browser and what has come back from it."""

    to_browser: int
    from_browser: int
    events: list[Json] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _received: bytes = b""

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Json:
        """Send one command and return its result; events that come before it are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: Json = answer["result"]
        return result

    def wait_for(self, method: str) -> None:
        """Return when the event has come."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._receive())

    def _receive(self) -> Json:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self.from_browser], [], [], SECONDS)
            part = os.read(self.from_browser, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("Chromium went away" if ready else f"Chromium said nothing for {SECONDS} s")
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        parsed: Json = json.loads(message)
        return parsed


@dataclass
class Page:
    """One page that has been loaded, at one width."""

    browser: Browser
    session: str

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression, or what its promise gives."""
        answer = self.browser.call(
            "Runtime.evaluate", self.session, expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def resize(self, width: int, height: int = 900) -> None:
        self.browser.call(
            "Emulation.setDeviceMetricsOverride",
            self.session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self, file: Path, selector: str = "html") -> None:
        """Write a PNG of one element, however long it is."""
        box = self.evaluate(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
        width, scrolled = self.evaluate("[window.innerWidth, window.scrollY]")
        clip = {"x": 0, "y": box["y"] + scrolled, "width": width, "height": box["height"], "scale": 1}
        shot = self.browser.call("Page.captureScreenshot", self.session, clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def open(self, file: Path, *, scripts: bool = True) -> None:
        """Load another file, also without its scripts."""
        self.browser.call("Emulation.setScriptExecutionDisabled", self.session, value=not scripts)
        self.browser.events.clear()
        self.browser.call("Page.navigate", self.session, url=file.as_uri())
        self.browser.wait_for("Page.loadEventFired")
        self.browser.call("Emulation.setScriptExecutionDisabled", self.session, value=False)  # for `evaluate`

    def prefer(self, scheme: str) -> None:
        """Prefer the light or the dark colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.call("Emulation.setEmulatedMedia", self.session, features=features)

    def point_at(self, selector: str) -> None:
        """Scroll to an element and move the mouse to its middle."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.evaluate(f"{found}.getBoundingClientRect().toJSON()")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.browser.call("Input.dispatchMouseEvent", self.session, type="mouseMoved", x=x, y=y)

    def printed(self, inches: tuple[float, float]) -> bytes:
        """Return the page as a PDF."""
        width, height = inches
        pdf = self.browser.call(
            "Page.printToPDF", self.session, paperWidth=width, paperHeight=height, printBackground=True
        )
        return base64.b64decode(pdf["data"])

    def complaints(self) -> list[str]:
        """List every error that the page logged, and every exception."""
        said = [(event["method"], event["params"]) for event in self.browser.events if "method" in event]
        return [
            *(str(what["exceptionDetails"]) for name, what in said if name == "Runtime.exceptionThrown"),
            *(str(what["entry"]) for name, what in said if name == "Log.entryAdded"),
            *(str(what) for name, what in said if name == "Runtime.consoleAPICalled" and what["type"] == "error"),
        ]

    def requested(self) -> list[str]:
        """List every address that the page asked for."""
        events = [event for event in self.browser.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in events]


@contextmanager
def opened(file: Path, *, width: int, profile: Path) -> Iterator[Page]:
    """Load a file in a fresh browser."""
    with _running(profile) as browser:
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(browser, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable", session)
        page.resize(width)
        page.open(file)
        yield page


@contextmanager
def _running(profile: Path) -> Iterator[Browser]:
    """Start a browser whose file descriptors 3 and 4 are our pipes, as the protocol has it."""
    program = find_chromium()
    assert program is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Out of the way of 3 and 4, so that neither is overwritten before it is copied.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out)]
    process = subprocess.Popen(
        [sys.executable, "-c", PLACE_PIPES, *map(str, ends), program, *FLAGS, f"--user-data-dir={profile}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=ends,
    )
    for end in (theirs_in, theirs_out, *ends):
        os.close(end)
    try:
        yield Browser(ours_out, ours_in)
    finally:
        os.close(ours_out)
        os.close(ours_in)
        process.terminate()
        process.wait()
