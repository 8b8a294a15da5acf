"""What `publish` prints, and how each command that publishes reports a target that is behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note

if TYPE_CHECKING:
    from portouts.commands.jobs.publishing.targets import PublishOutcome
    from portouts.publish.target import TargetOutcome


class _Published(msgspec.Struct):
    database: str
    as_of: datetime
    targets: list[TargetOutcome]
    notes: list[str]


def print_publication(outcome: PublishOutcome, *, as_json: bool) -> None:
    """Print what each target got."""
    notes = [*outcome.noted, *(text for one in outcome.targets for text in one.notes)]
    shown = _Published(str(outcome.database), outcome.as_of, outcome.targets, notes)
    print_result("\n".join(_lines_of(outcome.targets)), shown, as_json=as_json)


def note_targets(targets: Sequence[TargetOutcome]) -> None:
    """Log what each target noted."""
    note(text for one in targets for text in one.notes)


def _lines_of(targets: Sequence[TargetOutcome]) -> Iterator[str]:
    for one in targets:
        if one.error:
            yield f"{one.target}: not up to date"
        elif one.tables:
            removed = f", {one.rows_removed} removed" if one.rows_removed else ""
            yield f"{one.target}: {one.rows_sent} rows sent{removed}, in {one.tables} tables"
        else:
            yield f"{one.target}: equal already"
