"""Writes marts of one version as files, each put in its place in one step, for their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from portouts.errors import ExportFailed
from portouts.warehouse.export.formats import Format, files_to_write
from portouts.warehouse.export.marts import Version, grains, read_version
from portouts.warehouse.export.plain_files import write_csv, write_parquet
from portouts.warehouse.export.workbook import Workbook
from portouts.warehouse.faults import explained
from portouts.warehouse.folders import OWNER_ONLY_FOLDER, new_file


class ExportedFile(msgspec.Struct):
    """A written file."""

    file: str
    marts: list[str]
    rows: int


class Export(msgspec.Struct):
    """What was written; the fields are those of `export --json`."""

    format: Format
    version: Version
    files: list[ExportedFile]
    notes: list[str]


def export_marts(
    connection: duckdb.DuckDBPyConnection, kind: Format, marts: Sequence[str], output: Path, book: str
) -> Export:
    """Write marts into a file or a folder; a workbook in a folder is called `book`.

    Raises `ExportFailed` or `MachineFault`, and then replaces nothing.
    """
    version = read_version(connection)
    try:
        files = files_to_write(kind, marts, output, book)
        files[0].parent.mkdir(OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        with _replaced(files) as parts:
            if kind is Format.XLSX:
                return _export_workbook(connection, version, marts, files[0], parts[0])
            rows = [_write(connection, kind, version, *one) for one in zip(marts, parts, strict=True)]
    except (OSError, duckdb.Error) as error:
        fault = explained(error, output, "Files of an earlier export are as they were.")
        raise fault or ExportFailed(f"{output} cannot be written: {error}") from error
    written = [ExportedFile(str(file), [mart], count) for file, mart, count in zip(files, marts, rows, strict=True)]
    return Export(kind, version, written, [])


def _write(connection: duckdb.DuckDBPyConnection, kind: Format, version: Version, mart: str, part: Path) -> int:
    if kind is Format.CSV:
        return write_csv(connection, mart, version.time_zone, part)
    return write_parquet(connection, mart, {"mart": mart, **msgspec.structs.asdict(version)}, part)


def _export_workbook(
    connection: duckdb.DuckDBPyConnection, version: Version, marts: Sequence[str], file: Path, part: Path
) -> Export:
    with TemporaryDirectory(prefix=f"{part.name}-", dir=part.parent) as scratch:
        workbook = Workbook(part, scratch, version)
        rows = sum(workbook.add_mart(connection, mart) for mart in marts)
        workbook.close(grains(connection))
    cut = workbook.cut_texts
    notes = [f"{cut} texts are longer than a cell of Excel may be, and were cut; CSV has them whole."] if cut else []
    return Export(Format.XLSX, version, [ExportedFile(str(file), list(marts), rows)], notes)


@contextmanager
def _replaced(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield temporary files, and put them all in place of these files if nothing was raised."""
    parts = [file.with_name(f".{file.name}.{os.getpid()}.part") for file in files]
    try:
        yield [new_file(part) for part in parts]
        for part, file in zip(parts, files, strict=True):
            part.replace(file)
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)
