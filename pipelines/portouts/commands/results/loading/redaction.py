"""The question that `redact` asks, and its result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note

if TYPE_CHECKING:
    from portouts.commands.jobs.redact import RedactionPlan, RedactOutcome
    from portouts.load.settings.settings import Settings
    from portouts.publish.target import TargetOutcome
    from portouts.warehouse.rows.redaction import Masked

EFFECT = {
    "hash": "replaced by keyed hashes",
    "drop": "removed",
}


class _Redaction(msgspec.Struct):
    database: str
    pii: str
    pii_before: str
    published: bool
    masked: list[Masked]
    versions: list[str]
    removed_versions: list[str]
    bytes_written: int
    notes: list[str]
    targets: list[TargetOutcome]


def question_of(database: Path, pii: str, plan: RedactionPlan) -> str:
    """Return the question, with what will be done."""
    kept = f" and the kept earlier versions ({len(plan.versions)})" if plan.versions else ""
    return (
        f"In {database}{kept}, names, addresses, reasons and phone numbers will be {EFFECT[pii]} (pii = "
        f"{plan.mode_before} until now). This cannot be undone. Continue?"
    )


def print_redaction(outcome: RedactOutcome, given: Settings, *, as_json: bool) -> None:
    """Print which values were masked and which files were rewritten."""
    notes = [*outcome.notes, *_notes_on_settings(outcome, given)]
    note(notes)
    shown = _Redaction(
        str(outcome.database),
        outcome.pii,
        outcome.mode_before,
        outcome.published,
        outcome.masked,
        [str(version) for version in outcome.finished.versions],
        [str(version) for version in outcome.finished.removed],
        outcome.bytes_written,
        [*notes, *outcome.noted],
        outcome.targets,
    )
    print_result("\n".join(_lines_of(outcome)), shown, as_json=as_json)


def _lines_of(outcome: RedactOutcome) -> Iterator[str]:
    again = " already, and was redacted again" if outcome.mode_before == outcome.pii else f", was {outcome.mode_before}"
    yield f"{outcome.database} has pii = {outcome.pii}{again}. Later syncs use it, too."
    for found in outcome.masked:
        yield f"  {found.table}.{found.column}: {found.values} values {EFFECT[outcome.pii]}"
    if not outcome.masked:
        yield "  No readable value was found in its rows."
    for version in outcome.finished.versions:
        yield f"  {version}: redacted"
    for version in outcome.finished.removed:
        yield f"  {version}: removed"
    yield f"  {outcome.bytes_written / 1e6:.1f} MB were rewritten."


def _notes_on_settings(outcome: RedactOutcome, given: Settings) -> Iterator[str]:
    """Warn of a setting that the next sync will refuse."""
    pii = given.found.get("pii")
    if pii and pii.value != outcome.pii:
        yield (
            f"pii = {pii.value} is set in {pii.origin}, and the next sync will refuse it: set it to {outcome.pii}, or "
            "remove it."
        )
