"""Delivers messages through a separate process, which is killed when the time is over.

Apprise's plugins may wait without limit and may log secrets. The separate process limits both.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SENDER = Path(__file__).with_name("sender.py")
SHARE_OF_SENDER = 0.9  # of the time; the rest is for its start and its end
NO_ANSWER = "it did not answer in time"
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,20})://")


@dataclass(frozen=True)
class Message:
    """A message to one receiver; `file` is attached."""

    title: str
    body: str
    file: str | None = None


@dataclass(frozen=True)
class Delivery:
    """Whether a receiver, named by scheme and host, has accepted a message."""

    receiver: str
    is_delivered: bool
    problem: str | None

    def __str__(self) -> str:
        """Return one line for a person."""
        state = "delivered" if self.is_delivered else "not delivered"
        return f"{self.receiver}: {state}{f', {self.problem}' if self.problem else ''}."


def deliver(messages: Sequence[tuple[str, Message]], seconds: float) -> list[Delivery]:
    """Send each message to the receiver with this URL; return after at most `seconds`."""
    if not messages:
        return []
    found: list[dict[str, Any]] = [{"receiver": _scheme(url), "problem": NO_ANSWER} for url, _ in messages]
    for line in _lines_of_sender(messages, seconds):
        step = json.loads(line)
        found[step.pop("place")] |= step
    return [Delivery(one["receiver"], one.get("is_delivered", False), one["problem"]) for one in found]


def _lines_of_sender(messages: Sequence[tuple[str, Message]], seconds: float) -> list[bytes]:
    """Run the sender; return the complete lines that it wrote in time."""
    task = {
        "seconds": seconds * SHARE_OF_SENDER,
        "messages": [{"url": url, **asdict(message)} for url, message in messages],
    }
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, by its path; URLs go through a pipe that `ps` does not show
            [sys.executable, "-P", str(SENDER)],
            input=json.dumps(task).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
        written = ended.stdout
    except subprocess.TimeoutExpired as late:
        written = late.output or b""
    return written.split(b"\n")[:-1]


def digest(url: str) -> str:
    """Return a name for a receiver in the memory, which does not show its URL."""
    return hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()[:16]


def _scheme(url: str) -> str:
    found = _SCHEME.match(url)
    return f"{found[1].lower()}://…" if found else "a URL without a scheme"
