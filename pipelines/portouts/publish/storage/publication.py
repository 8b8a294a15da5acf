"""Brings object storage, or a folder, up to date: Parquet by month, and the DuckDB file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from portouts.publish.contents import SCHEMAS
from portouts.publish.storage.database import put_version, remove_versions
from portouts.publish.storage.files import Storage
from portouts.publish.storage.parquet import write_months
from portouts.publish.target import Sent, Target


def publish_to_storage(
    target: Target, file: duckdb.DuckDBPyConnection, schemas: Sequence[str], folder: Path, keep: int, *, whole: bool
) -> Sent:
    """Bring both kinds of files up to date. The DuckDB file holds both schemas, so it is there only with both."""
    storage = Storage(target)
    sent = write_months(storage, file, schemas, folder, whole=whole)
    if {*SCHEMAS} <= {*schemas}:
        sent.bytes += put_version(storage, file, keep, folder)
    else:
        remove_versions(storage)
    return sent
