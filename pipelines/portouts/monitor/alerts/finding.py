"""An alert and its findings: what a message is made of.

A finding keeps its key from run to run, so it is sent once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Finding(NamedTuple):
    """One line of a message. A finding is not sent if one with the same key was sent before."""

    key: str
    line: str


@dataclass(frozen=True)
class Alert:
    """The findings of one SQL file or of one ended command. Without findings, nothing is sent."""

    name: str
    title: str
    findings: tuple[Finding, ...] = ()


def key_of(values: Iterable[object]) -> str:
    """Return a short text that is the same only for the same values, and does not show them."""
    text = json.dumps([f"{type(value).__name__} {value}" for value in values])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]
