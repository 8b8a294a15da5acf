"""`manifest.json`: which Parquet files form one version, with rows, checksums and schemas. It is replaced last.

Files that it does not name are not part of the version: they are new or old.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from portouts.publish.contents import Table

NAME = "manifest.json"
FORMAT = 1
OURS = re.compile(r"(raw|marts)/[^/]+/(\d{4,}-\d\d|all|none)-[0-9a-f]{16}\.parquet")
"""The names of our files, relative to the manifest."""


class File(msgspec.Struct, frozen=True):
    """A Parquet file: one month of one table."""

    path: str
    month: str | None
    """None: the table has no months, or the rows have none."""
    rows: int
    checksum: str
    """The sum of the row hashes, see docs/publishing.md."""
    bytes: int


class Column(msgspec.Struct, frozen=True):
    """A column with DuckDB's type."""

    name: str
    type: str
    comment: str | None = None


class ManifestTable(msgspec.Struct, frozen=True):
    """A table and its files, in order of month."""

    rows: int
    checksum: str
    key: tuple[str, ...]
    comment: str | None
    columns: list[Column]
    files: list[File]


class Manifest(msgspec.Struct, frozen=True):
    """One version of all tables, by full name."""

    format: int
    as_of: str
    tables: dict[str, ManifestTable]

    @property
    def files(self) -> dict[str, File]:
        return {file.path: file for table in self.tables.values() for file in table.files}


def read(content: Any) -> Manifest | None:
    """Return the manifest in parsed JSON; None if it is none of ours."""
    try:
        found = msgspec.convert(content, Manifest)
    except msgspec.ValidationError:
        return None
    return found if found.format == FORMAT else None


def describe(table: Table, files: Iterable[File]) -> ManifestTable:
    """Describe a table with these files."""
    listed = sorted(files, key=lambda file: file.path)
    columns = [Column(column.name, column.kind, column.comment) for column in table.columns]
    checksum = sum(int(file.checksum) for file in listed)
    return ManifestTable(sum(file.rows for file in listed), str(checksum), table.key, table.comment, columns, listed)


def path_of(table: Table, month: str, rows: int, checksum: int) -> str:
    """Name the file of a month after what is in it, so that other rows or columns have another name."""
    content = [[(column.name, column.kind) for column in table.columns], rows, checksum]
    digest = hashlib.sha256(repr(content).encode()).hexdigest()[:16]
    return f"{table.schema}/{table.name}/{month}-{digest}.parquet"


def unnamed(names: Iterable[str], manifest: Manifest) -> list[str]:
    """Return those of our files that a manifest does not name."""
    named: Mapping[str, File] = manifest.files
    return [name for name in names if name not in named and OURS.fullmatch(name)]
