"""Put a complete copy of the working file in the published one's place, in one step.

Readers keep the file that they hold open; whoever opens it afterwards sees the new one. Until the rename, the published
file is as it was, whatever fails.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from portouts.errors import PortoutsError
from portouts.ledger import mark_published


class CannotPublish(PortoutsError):
    """The published file could not be replaced and is as it was."""


def publish(working: Path, copy: Path, published: Path, versions: Path, keep: int | None) -> None:
    """Copy `working`, without dlt's scratch, by way of `copy` to `published`; all on one file system."""
    try:
        shutil.copyfile(working, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute("drop schema if exists raw_staging cascade")
            mark_published(connection)
        _sync_to_disk(copy)
        if keep is not None:
            _keep_versions(published, versions, keep)
        copy.replace(published)
        _sync_to_disk(published.parent)
    except (OSError, duckdb.IOException) as error:
        copy.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise CannotPublish(
            f"{published} could not be replaced: {reason}. It is as it was, and what was loaded is kept: free some "
            "space or make the folder writable, then run `portouts models`."
        ) from None


def _keep_versions(published: Path, versions: Path, keep: int) -> None:
    """Link the file about to be replaced under the time it was published, and remove all but the newest `keep`."""
    if keep and published.exists():
        versions.mkdir(exist_ok=True)
        published_at = datetime.fromtimestamp(published.stat().st_mtime, UTC)
        version = versions / f"{published.stem}-{published_at:%Y%m%dT%H%M%S.%fZ}.duckdb"
        version.unlink(missing_ok=True)
        version.hardlink_to(published)
    for version in sorted(versions.glob("*.duckdb"))[: -keep or None]:
        version.unlink()


def _sync_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
