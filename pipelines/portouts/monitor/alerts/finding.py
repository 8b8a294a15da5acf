"""An alert and its findings: what a message is made of.

A finding has a key that stays the same as long as it is the same finding, so that it is sent once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Finding(NamedTuple):
    """One line of a message; of two findings with the same key, the later one is not sent."""

    key: str
    line: str


@dataclass(frozen=True)
class Alert:
    """What one file, or one command that ended, has found; no findings: nothing to say."""

    name: str
    title: str
    findings: tuple[Finding, ...] = ()


def key_of(values: Iterable[object]) -> str:
    """Return a short text that is the same only for the same values, and does not show them."""
    text = json.dumps([f"{type(value).__name__} {value}" for value in values])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]
