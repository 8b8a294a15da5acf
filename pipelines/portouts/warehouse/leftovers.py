"""Removes what killed runs leave in a working folder, and marks a redaction that has begun and is not finished.

While the mark exists, each publication rewrites the working file before it copies it, and the next sync or
`portouts redact` finishes the redaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from portouts.warehouse.folders import new_file, scratch_of

VERSIONS = "versions"
# Names of unfinished files, folders into which DuckDB and dlt write rows, and the record of alerts. That record holds
# hashes of values such as phone numbers, which can be guessed.
_PATTERNS = ("*.part", "*.part.wal", "*.tmp", "rewritten.duckdb*", "looked-at.duckdb*", "dlt", "alerts.json")
_PATTERNS_OF_VERSIONS = (".*.part", ".*.part.wal", "*.wal", "*.tmp")


class RedactionMark:
    """A file that exists from before the first row is masked until the last file is redacted."""

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
    """List the kept versions of the published file, the oldest first."""
    return sorted((folder / VERSIONS).glob("*.duckdb"))


def remove_leftovers(folder: Path) -> list[str]:
    """Remove leftovers that may hold rows; return notes for the user."""
    for found in _leftovers(folder):
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    with scratch_of(folder):  # removes a temporary folder elsewhere that a killed run left
        pass
    return [_drop_pending(state) for state in sorted(folder.glob("dlt-*")) if _has_packages(state)]


def _leftovers(folder: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        yield from folder.glob(pattern)
    for pattern in _PATTERNS_OF_VERSIONS:
        yield from (folder / VERSIONS).glob(pattern)


def _has_packages(state: Path) -> bool:
    """Return whether dlt's folder holds rows that another engine has not loaded yet."""
    return any(path.is_file() for stage in ("normalize", "load") for path in state.glob(f"*/{stage}/*/*/**/*"))


def _drop_pending(state: Path) -> str:
    shutil.rmtree(state)
    return (
        f"{state} was removed: it held rows that another engine had not loaded. The next `sync --destination` reads "
        "them again."
    )
