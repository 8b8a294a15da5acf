"""Faults of the machine: a full disk, a folder that cannot be written, too little memory, a damaged file.

The system's errors come as `OSError`, and from DuckDB as a text that ends with the same words. What DuckDB says of a
file that it cannot understand has no kind of its own: a bare `duckdb.Error`, or one of `_OF_A_FILE`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from portouts.errors import MachineFault

_OF_A_FILE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.OutOfMemoryException,
)
# What to do about each error of the system. Its words are DuckDB's too: both come from the C library.
ADVICE = {
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some space there, or ask for a larger quota",
    errno.EFBIG: "Raise the limit of the size of files (ulimit -f)",
    errno.EROFS: "Mount it so that it can be written",
    errno.EACCES: "Make it writable for the user who runs this",
    errno.EPERM: "Make it writable for the user who runs this",
    errno.EIO: "Look at the disk: it does not do what it is asked",
    errno.EMFILE: "Raise the limit of open files (ulimit -n)",
    errno.ENFILE: "Close other programs: the machine has too many files open",
    errno.EBUSY: "Let go of it elsewhere",
    errno.ESTALE: "Mount it again",
    errno.ENAMETOOLONG: "Give it a shorter name",
    errno.EISDIR: "Name another file",
    errno.ENOTDIR: "Name another file",
}


_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_of_machine(error: BaseException) -> bool:
    """Return whether `explained` has a message for this error, so that no file is damaged."""
    return _errno(error) is not None or _wants_memory(error) or isinstance(error, OSError)


def is_damage(error: BaseException) -> bool:
    """Return whether DuckDB cannot understand what a file holds."""
    return not is_of_machine(error) and is_of_a_file(error)


def is_of_a_file(error: BaseException) -> bool:
    """Return whether an error of DuckDB comes from files or memory, and not from the query."""
    return type(error) is duckdb.Error or isinstance(error, _OF_A_FILE)


def cause_in(error: BaseException) -> BaseException | None:
    """Return the error of the machine or of a file that caused the others."""
    return next((found for found in chain(error) if _matters(found)), None)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes; dlt keeps some of them in its own attributes."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [getattr(found, name, None) for name in ("exception", "client_exception", "dbapi_exception")]
        waiting += [found.__cause__, found.__context__]


def explained(error: BaseException, folder: Path, kept: str, then: str = "run this again") -> MachineFault | None:
    """Return one sentence: what failed, where, what is `kept`, what to do. None if it is no fault of the machine."""
    place = _place(error, folder)
    if (number := _errno(error)) is not None:
        place = folder if number in _FULL else place  # a copy that does not fit names what was copied
        return MachineFault(
            f"{place}: {os.strerror(number)}{_free(folder, number)}. {kept} {ADVICE[number]}, then {then}."
        )
    if _wants_memory(error):
        return MachineFault(
            f"The memory that this process may have is used up. {kept} Give it more, or end other programs, then "
            f"{then}."
        )
    if isinstance(error, OSError):
        return MachineFault(f"{place}: {error.strerror or error}. {kept} Mend that, then {then}.")
    return None


def _place(error: BaseException, folder: Path) -> Path:
    """Name the file that the system names, or the folder in which it could not be made."""
    named = getattr(error, "filename", None)
    if not isinstance(named, str | bytes | os.PathLike):
        return folder
    path = Path(os.fsdecode(named))
    return path if path.exists() else path.parent


def first_line(error: BaseException) -> str:
    """Take the first line of a message, without the full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _matters(error: BaseException) -> bool:
    return _errno(error) is not None or _wants_memory(error) or is_of_a_file(error)


def _errno(error: BaseException) -> int | None:
    """Find which of the errors in `ADVICE` this is."""
    if isinstance(error, OSError):
        return error.errno if error.errno in ADVICE else None
    if not isinstance(error, duckdb.Error):
        return None
    said = str(error)
    return next((number for number in ADVICE if os.strerror(number) in said), None)


def _wants_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | duckdb.OutOfMemoryException) or "std::bad_alloc" in str(error)


def _free(folder: Path, number: int) -> str:
    if number not in _FULL:
        return ""
    return f" ({free_space(folder) / 1_000_000:.0f} MB are free)"


def free_space(folder: Path) -> int:
    """Return the free bytes on the file system of a folder, which need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
