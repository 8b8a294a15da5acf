"""Prints what an export has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note
from portouts.warehouse.export.export import Export

if TYPE_CHECKING:
    from portouts.commands.jobs.publishing.months import MonthsExport


def print_export(export: Export, *, as_json: bool) -> None:
    """Print the written files; notes go to standard error."""
    note(export.notes)
    lines = [f"{file.file}: {file.rows} rows of {_marts(file.marts)}" for file in export.files]
    version = export.version
    zone = "UTC" if export.format == "parquet" else version.time_zone
    print_result(
        "\n".join([*lines, f"As of {version.as_of.isoformat()}; instants are in {zone}."]), export, as_json=as_json
    )


def print_months(export: MonthsExport, *, as_json: bool) -> None:
    """Print how much was written."""
    text = f"{export.output}: {export.rows} rows in {export.tables} tables written ({export.bytes / 1e6:.1f} MB)"
    print_result(text if export.bytes else f"{export.output}: equal already", export, as_json=as_json)


def _marts(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} marts"
