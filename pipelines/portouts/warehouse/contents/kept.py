"""What is kept of a publication, so that the next one reads only what changed: `contents.json` in the working folder.

It holds for two files as they were left, and for nothing else. Where another program has written to one of them, a kill
has interrupted, or a file was put back, it does not hold, and everything is read again. Losing it costs no more.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import msgspec

NAME = "contents.json"


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What changes when a file is written to or replaced."""

    inode: int
    size: int
    modified_at: int
    """In nanoseconds."""


class KeptContents(msgspec.Struct, frozen=True):
    """The parts of large tables, the files that they were read from, and the day of the last reading of everything."""

    working: Stamp | None = None
    published: Stamp | None = None
    read_on: date | None = None
    """The day of `as_of`."""
    duckdb: str = ""
    parts: dict[str, tuple[int, int]] = {}

    def holds_for(self, working: Path, published: Path) -> bool:
        """Return whether both files are as they were left."""
        files = (self.working, self.published)
        return duckdb.__version__ == self.duckdb and None not in files and files == (_stamp(working), _stamp(published))

    def save(self, folder: Path, working: Path, published: Path) -> None:
        """Write this down for two files as they are now."""
        kept = msgspec.structs.replace(
            self, working=_stamp(working), published=_stamp(published), duckdb=duckdb.__version__
        )
        part = folder / f"{NAME}.part"
        part.write_bytes(msgspec.json.encode(kept))
        part.replace(folder / NAME)


def read_kept(folder: Path, working: Path, published: Path) -> KeptContents | None:
    """Read what was kept for these two files; None if one of them is not as it was left."""
    with suppress(OSError, msgspec.MsgspecError):
        kept = msgspec.json.decode((folder / NAME).read_bytes(), type=KeptContents)
        if kept.holds_for(working, published):
            return kept
    return None


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
