"""What a check found: one verdict, one sentence, and what to do about it."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "failed", "skipped"]
"""`failed`: a first sync would fail. `skipped`: not checked, since something else has failed before."""


class Finding(msgspec.Struct, frozen=True):
    """The result of one check."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""
    """What to do; empty where nothing is to be done."""


def ok(check: str, found: str, advice: str = "") -> Finding:
    """Report that a check is passed."""
    return Finding(check, "ok", found, advice)


def warning(check: str, found: str, advice: str) -> Finding:
    """Report what a sync can live with, and its user may not want."""
    return Finding(check, "warning", found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    """Report that a sync would fail."""
    return Finding(check, "failed", found, advice)


def skipped(check: str, found: str) -> Finding:
    """Report that nothing could be checked, and why."""
    return Finding(check, "skipped", found)
