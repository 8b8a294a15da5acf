"""`portouts export`: write marts as files for Excel, pandas and other programs."""

from __future__ import annotations

from pathlib import Path

import typer

from portouts.commands.options import (
    DEFAULT_DATABASE,
    AsJson,
    ByMonth,
    Database,
    ExportFormat,
    ExportOutput,
    MartNames,
    refuse_given,
)
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import address_of, is_address, published_file, require_folder_of
from portouts.errors import SettingsError
from portouts.extras import require_packages
from portouts.warehouse.export.formats import Format


@with_exit_status(stopped="Files of an earlier export are as they were.", done="The files are written.")
def export(
    context: typer.Context,
    output: ExportOutput,
    database: Database = DEFAULT_DATABASE,
    kind: ExportFormat = None,
    mart: MartNames = None,
    by_month: ByMonth = False,
    as_json: AsJson = False,
) -> None:
    """Write marts as CSV, Excel or Parquet files, or raw and marts as Parquet by month. Needs no key.

    In CSV and Excel files, instants are local times of the reporting time zone, which their header names.
    """
    database = published_file(database)
    if by_month:
        refuse_given(context, "kind", "mart", because="--by-month writes all tables as Parquet")
        _export_months(database, output, as_json=as_json)
        return
    target = _target(output)
    kind = kind or _format_of(target)
    if kind is Format.XLSX:
        require_packages("xlsxwriter", extra="excel")
    from portouts.commands.results.export import print_export
    from portouts.report.frames import connect
    from portouts.warehouse.export.export import export_marts
    from portouts.warehouse.export.marts import chosen_marts

    with connect(database) as connection:
        marts = chosen_marts(connection, mart or [])
        print_export(export_marts(connection, kind, marts, target, database.stem), as_json=as_json)


def _export_months(database: Path, output: str, *, as_json: bool) -> None:
    url = address_of("--output", output)
    from portouts.publish.drivers import require_drivers

    require_drivers([url])
    from portouts.commands.jobs.publishing.months import export_months
    from portouts.commands.results.export import print_months

    print_months(export_months(database, url), as_json=as_json)


def _target(output: str) -> Path:
    if is_address(output):
        raise SettingsError(f"--output {output}: name a folder or a file on this machine, or add --by-month.")
    return require_folder_of("--output", Path(output))


def _format_of(target: Path) -> Format:
    try:
        return Format(target.suffix.lower().removeprefix("."))
    except ValueError:
        raise SettingsError(
            f"--output {target} does not end in {', '.join(f'.{kind}' for kind in Format)}. Name the --format."
        ) from None
