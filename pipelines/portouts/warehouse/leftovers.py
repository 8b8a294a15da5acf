"""What killed runs leave in a working folder, and the mark of a redaction that has begun and not ended.

While the mark is there, each publication writes the working file anew before it copies it, and the next sync or
`portouts redact` finishes the redaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from portouts.warehouse.folders import new_file, scratch_of

VERSIONS = "versions"
# Files by the names that are given to unfinished ones, the folders in which DuckDB and dlt put rows, and what alerts
# remember: hashes of keys, such as phone numbers, which can be guessed.
_PATTERNS = ("*.part", "*.part.wal", "*.tmp", "rewritten.duckdb*", "looked-at.duckdb*", "dlt", "alerts.json")
_PATTERNS_OF_VERSIONS = (".*.part", ".*.part.wal", "*.wal", "*.tmp")


class RedactionMark:
    """Exists from before the first row is covered until nothing readable is left in any file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "unfinished-redaction"

    @property
    def is_set(self) -> bool:
        return self._path.exists()

    def set(self) -> None:
        if not self.is_set:
            new_file(self._path)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def kept_versions(folder: Path) -> list[Path]:
    """List the versions of the published file that are kept, the oldest first."""
    return sorted((folder / VERSIONS).glob("*.duckdb"))


def remove_leftovers(folder: Path) -> list[str]:
    """Remove what may hold rows and belongs to no file that is in use; return notes for the user."""
    for found in _leftovers(folder):
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    with scratch_of(folder):  # also a folder elsewhere that a killed run has left
        pass
    return [_drop_pending(state) for state in sorted(folder.glob("dlt-*")) if _has_packages(state)]


def _leftovers(folder: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        yield from folder.glob(pattern)
    for pattern in _PATTERNS_OF_VERSIONS:
        yield from (folder / VERSIONS).glob(pattern)


def _has_packages(state: Path) -> bool:
    """Return whether dlt has rows here that another engine has not loaded yet."""
    return any(path.is_file() for stage in ("normalize", "load") for path in state.glob(f"*/{stage}/*/*/**/*"))


def _drop_pending(state: Path) -> str:
    shutil.rmtree(state)
    return (
        f"{state} was removed: it held rows that another engine had not loaded. The next `sync --destination` reads "
        "them again."
    )
