"""An export on demand: raw and marts as Parquet by month, in a folder or in object storage."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import gettempdir

import msgspec

from portouts.errors import ExportFailed, SettingsError, TargetFailed
from portouts.publish.contents import SCHEMAS
from portouts.publish.storage.files import Storage
from portouts.publish.storage.parquet import write_months
from portouts.publish.target import Target
from portouts.report.frames import connect
from portouts.warehouse.folders import for_the_owner_only


class MonthsExport(msgspec.Struct, frozen=True):
    """What was written; the fields are those of `export --by-month --json`."""

    output: str
    tables: int
    """Tables of which a month was written."""
    rows: int
    bytes: int


def export_months(database: Path, url: str) -> MonthsExport:
    """Write the months that have changed since the last export to the same place, and look for all others there."""
    target = Target(url)
    if target.is_postgresql:
        raise SettingsError("--by-month writes files. For a PostgreSQL server, set [publish] targets.")
    try:
        with for_the_owner_only(), closing(connect(database)) as connection:
            sent = write_months(Storage(target), connection, SCHEMAS, Path(gettempdir()), whole=True)
    except TargetFailed as error:
        raise ExportFailed(f"{target.shown} cannot be written: {error}.") from None
    return MonthsExport(target.shown, sent.tables, sent.rows, sent.bytes)
