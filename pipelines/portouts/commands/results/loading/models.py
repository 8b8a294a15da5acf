"""What `models` prints: whether anything had to be built or published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portouts.commands.results.loading.build import BuildResult
from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note

if TYPE_CHECKING:
    from portouts.commands.jobs.models import ModelsOutcome
    from portouts.publish.target import TargetOutcome
    from portouts.spark.run import SparkOutcome


class _Models(msgspec.Struct):
    database: str
    rebuilt: bool
    published: bool
    build: BuildResult
    warnings: list[str]
    notes: list[str]
    targets: list[TargetOutcome]


def print_models(outcome: ModelsOutcome, *, as_json: bool) -> None:
    """Print what was built and published, and the warnings of checks."""
    warnings = [str(warning) for warning in outcome.warnings]
    note([*outcome.notes, *warnings])
    notes = [*outcome.notes, *outcome.noted]
    build = BuildResult.of(outcome.build)
    shown = _Models(str(outcome.database), outcome.rebuilt, outcome.published, build, warnings, notes, outcome.targets)
    print_result(_text_of(outcome), shown, as_json=as_json)


def print_spark_models(outcome: SparkOutcome, *, as_json: bool) -> None:
    """Print what a run on Spark has written, and the warnings of checks."""
    note([*outcome.notes, *outcome.warnings])
    size = f"{outcome.rows} rows in {outcome.tables} marts ({outcome.bytes / 1e6:.1f} MB)"
    print_result(f"{outcome.output}: {size}, as of {outcome.as_of}", outcome, as_json=as_json)


def _text_of(outcome: ModelsOutcome) -> str:
    if not outcome.published:
        return "Already up to date; nothing to publish."
    if not outcome.rebuilt:
        return "Published what was built already."
    return f"Rebuilt ({outcome.build.kind}: {outcome.build.reason}) and published."
