"""What `doctor` prints: a line for each check, and whether a first sync can begin."""

from __future__ import annotations

from collections.abc import Iterator

from portouts.commands.terminal.exit_status import FAILED
from portouts.commands.terminal.output import print_result
from portouts.doctor.checkup import Checkup


def print_checkup(checkup: Checkup, *, as_json: bool) -> None:
    """Print the result of each check; with `--json`, a failed check-up also has the fields of every failure."""
    failure = {"error": _conclusion(checkup), "exit_code": FAILED} if checkup.verdict == "failed" else {}
    print_result("\n".join(_lines(checkup)), checkup, failure, as_json=as_json)


def _lines(checkup: Checkup) -> Iterator[str]:
    for check in checkup.checks:
        end = "" if check.found.endswith(".") else "."
        yield f"{check.verdict:<8} {check.check}: {check.found}{end} {check.advice}".rstrip()
    yield f"\n{_conclusion(checkup)}"


def _conclusion(checkup: Checkup) -> str:
    if checkup.verdict == "failed":
        return f"A sync would fail: see {_named(checkup, 'failed')}."
    heed = f" Read the warnings first: {_named(checkup, 'warning')}." if checkup.verdict == "warning" else ""
    return f"Ready: run `portouts sync`.{heed}"


def _named(checkup: Checkup, verdict: str) -> str:
    return ", ".join(check.check for check in checkup.checks if check.verdict == verdict)
