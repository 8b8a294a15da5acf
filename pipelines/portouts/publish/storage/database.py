"""The DuckDB file in object storage: each version under its own name. `latest.json`, replaced last, names the newest.

Versions before that are kept for readers that still hold them, and removed when they are too many.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from portouts.publish.storage.files import Storage
from portouts.warehouse.metadata import synced_until

POINTER, FOLDER = "latest.json", "versions"
_OURS = re.compile(r"versions/.+-\d{8}T\d{6}Z-[0-9a-f]{16}\.duckdb")


class Pointer(msgspec.Struct, frozen=True):
    """The newest version; `path` is relative to this file."""

    path: str
    as_of: str
    bytes: int
    sha256: str


def put_version(storage: Storage, file: duckdb.DuckDBPyConnection, keep: int, scratch: Path) -> int:
    """Put the open file in place as the newest version, and keep so many before it; return the bytes that were sent."""
    [(database,)] = file.execute("select path from duckdb_databases() where not internal").fetchall()
    local, as_of = Path(database), synced_until(file)
    digest = _sha256(local)
    path = f"{FOLDER}/{local.stem}-{as_of:%Y%m%dT%H%M%SZ}-{digest[:16]}.duckdb"
    new = Pointer(path, as_of.isoformat(), local.stat().st_size, digest)
    there = storage.names(FOLDER)
    sent = 0 if path in there else storage.put(local, path)
    if _read(storage) != new:
        _replace(storage, new, scratch)
    others = [name for name in there if name != path and _OURS.fullmatch(name)]
    storage.remove(others[: -keep or None])
    return sent


def remove_versions(storage: Storage) -> None:
    """Remove the pointer and all versions."""
    storage.remove([name for name in storage.names("") if name == POINTER or _OURS.fullmatch(name)])


def _read(storage: Storage) -> Pointer | None:
    try:
        return msgspec.convert(storage.read_json(POINTER), Pointer)
    except msgspec.ValidationError:
        return None


def _replace(storage: Storage, new: Pointer, scratch: Path) -> None:
    with TemporaryDirectory(prefix="target-", suffix=".tmp", dir=scratch) as folder:
        local = Path(folder) / POINTER
        local.write_bytes(msgspec.json.encode(new))
        storage.put(local, POINTER)


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
