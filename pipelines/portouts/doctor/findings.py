"""The result of a check: a verdict, a sentence, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "failed", "skipped"]
"""`failed`: a first sync would fail. `skipped`: not checked, because an earlier check failed."""


class Finding(msgspec.Struct, frozen=True):
    """The result of one check."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""
    """What to do; empty if nothing needs to be done."""


def ok(check: str, found: str, advice: str = "") -> Finding:
    """Report that a check passed."""
    return Finding(check, "ok", found, advice)


def warning(check: str, found: str, advice: str) -> Finding:
    """Report a problem that does not make a sync fail."""
    return Finding(check, "warning", found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    """Report that a sync would fail."""
    return Finding(check, "failed", found, advice)


def skipped(check: str, found: str) -> Finding:
    """Report that nothing could be checked, and why."""
    return Finding(check, "skipped", found)
