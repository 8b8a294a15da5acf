"""Replaces the published file by a complete copy of the working file, in one step.

Readers keep the file that they hold open, and later readers open the new one. The copy is made beside the published
file and opened as analysts open it. A failure before the rename leaves the published file unchanged. After the rename,
it is replaced, even if something fails later.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from portouts.errors import CannotPublish, SettingsError
from portouts.warehouse import faults
from portouts.warehouse.contents.checksums import CERTIFICATES, SYNCS, Contents, count_rows, rows_and_checksum
from portouts.warehouse.copies import copy
from portouts.warehouse.folders import OWNER_ONLY_FOLDER, is_mounted, make_folder_of, new_file, part_of, set_mode
from portouts.warehouse.metadata import mark_published

# Errors of a hard link between file systems, or on a file system without hard links.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
KEPT = "The published file is as it was, and what was loaded is kept."


def require_place(published: Path, mode: int | None = None) -> None:
    """Raise an error, before anything is read, if no file can be replaced at this place."""
    if is_mounted(published):
        raise SettingsError(
            f"{published} is a mount of its own, so that no file can be put in its place. Mount the folder in which it "
            "lies instead of the file."
        )
    try:
        make_folder_of(published, mode)
        if published.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(published))
        new_file(part_of(published)).unlink()
    except OSError as error:
        raise _cannot_publish(published, error) from error


def publish(
    working: Path, contents: Contents, published: Path, versions: Path, keep: int | None, mode: int | None = None
) -> list[str]:
    """Copy `working`, which has these contents, without dlt's scratch, to `published`; return notes for the user.

    `mode` sets its permissions; None keeps those of the replaced file, or gives a new file 0600.
    """
    part = part_of(published)
    try:
        _copy(working, part)
        require_same(part, contents)
        set_mode(part, published, mode)
        _sync_to_disk(part)
        if keep is not None:
            _keep_versions(published, versions, keep)
        notes = _remove_foreign_log(published)
        part.replace(published)
    except (OSError, MemoryError, duckdb.Error) as error:
        raise _cannot_publish(published, error, working.stat().st_size) from error
    finally:
        _remove(part)
    with suppress(OSError):  # some file systems do not sync a folder
        _sync_to_disk(published.parent)
    return notes


def _copy(working: Path, part: Path) -> None:
    _remove(part)
    copy(working, part)
    with duckdb.connect(str(part)) as connection:
        connection.execute("drop schema if exists raw_staging cascade")
        mark_published(connection)


def require_same(part: Path, contents: Contents) -> None:
    """Open the copy as analysts will. Refuse one with other tables, other numbers of rows, or other metadata.

    All else is equal, since the copy was, and only the metadata were written to.
    """
    with duckdb.connect(str(part), read_only=True) as connection:
        found = count_rows(connection)
        metadata = {table: rows_and_checksum(connection, table) for table in (SYNCS, CERTIFICATES)}
    differing = {table for table in contents.keys() | found.keys() if _rows(contents, table) != found.get(table)}
    differing |= {table for table in metadata if metadata[table] != contents.get(table)}
    if differing:
        raise duckdb.IOException(f"the copy differs from the working file in {', '.join(sorted(differing))}")


def _rows(contents: Contents, table: str) -> int | None:
    return contents[table][0] if table in contents else None


def _cannot_publish(published: Path, error: BaseException, size: int = 0) -> CannotPublish:
    known = faults.explained(error, published.parent, KEPT, then="run `portouts models`")
    reason = known or f"{faults.first_line(error)}. {KEPT} Run `portouts models`."
    by = f" by a copy of {size / 1e6:.0f} MB" if size else ""
    return CannotPublish(f"{published} could not be replaced{by}: {reason}")


def _keep_versions(published: Path, versions: Path, keep: int) -> None:
    """Keep the file about to be replaced under the time it was published, and remove all but the newest `keep`."""
    if keep and published.exists():
        versions.mkdir(OWNER_ONLY_FOLDER, exist_ok=True)
        published_at = datetime.fromtimestamp(published.stat().st_mtime, UTC)
        _link_or_copy(published, versions / f"{published.stem}-{published_at:%Y%m%dT%H%M%S.%fZ}.duckdb")
    for version in sorted(versions.glob("*.duckdb"))[: -keep or None]:
        version.unlink()


def _link_or_copy(published: Path, version: Path) -> None:
    version.unlink(missing_ok=True)
    try:
        version.hardlink_to(published)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        copy(published, version)


def _remove_foreign_log(published: Path) -> list[str]:
    """Remove a log that another program has left: DuckDB would read it as the log of the new file, and open neither."""
    log = _log_of(published)
    if not log.exists():
        return []
    log.unlink()
    note = (
        f"{log} was removed: another program had written to the published file, which every sync replaces as a whole. "
    )
    return [f"{note}Open it read-only."]


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _remove(path: Path) -> None:
    for leftover in (path, _log_of(path)):
        with suppress(OSError):
            leftover.unlink(missing_ok=True)


def _sync_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
