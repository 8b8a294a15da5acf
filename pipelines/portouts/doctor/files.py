"""Checks the files at the path of the database: their kind, their readers, and who has them open. Writes nothing."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

import duckdb

from portouts.doctor.findings import Finding, failed, ok, warning
from portouts.doctor.places import is_there
from portouts.warehouse import faults

# `struct flock` of fcntl.h, and the positions of lock type and process in it.
_FLOCK = ("qqihh", 3, 2) if sys.platform == "darwin" else ("hhqqi4x", 0, 4)
_BY_EFFECTIVE_USER = os.access in os.supports_effective_ids


class Holder(NamedTuple):
    """Another process that has a file open in DuckDB."""

    process: int
    is_writing: bool

    def __str__(self) -> str:
        name = ""
        with suppress(OSError):
            name = Path(f"/proc/{self.process}/comm").read_text(encoding="utf-8", errors="replace").strip()
        return f"{name or 'a process'} (PID {self.process})"


def check_files(published: Path, working: Path, secrets: Iterable[Path]) -> Iterator[Finding]:
    """Judge the files of a warehouse, and the files of settings that hold a secret."""
    yield _published_file(published, working)
    yield _in_use(published, working)
    yield _rights(published, working, secrets)


def _published_file(published: Path, working: Path) -> Finding:
    check, log = "published file", published.with_name(f"{published.name}.wal")
    if not is_there(published) or published.stat().st_size == 0:
        is_begun = is_there(working / "working.duckdb")
        begun = "; what an earlier sync has loaded is kept" if is_begun else ""
        return ok(check, f"nothing at {published} yet{begun}")
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            found = _describe(connection)
    except (duckdb.Error, OSError) as error:
        return _unreadable(published, error)
    if found is None:
        return failed(
            check, f"{published} is a file of another program: it has no table raw.syncs", "Name another --database."
        )
    if log.exists():
        return warning(
            check,
            f"{found}; {log.name} beside it is the log of a program that has written to it",
            "Open the file read-only: the next sync replaces it, and removes the log.",
        )
    return ok(check, found)


def _describe(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Describe a published file; None if another program made it."""
    tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if ("raw.syncs",) not in tables:
        return None
    [(storage,)] = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    [(last,)] = connection.execute("select max(as_of) from raw.syncs").fetchall()
    shows = f"shows {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if last else "shows no finished sync"
    return f"a warehouse of portouts, {shows}; DuckDB's storage version is {storage or 'not stated'}"


def _unreadable(published: Path, error: Exception) -> Finding:
    check, reason = "published file", faults.first_line(error)
    if "lock is held" in reason:
        return warning(check, f"{published} is being written by another program", "Close it there.")
    if "version number" in reason:
        return failed(
            check, f"{published}: {reason}", "Run `pip install --upgrade duckdb`, or name another --database."
        )
    if faults.is_of_machine(error):
        return failed(check, f"{published} cannot be read: {reason}", "Mend that, or name another --database.")
    return failed(
        check,
        f"{published} is damaged, or a file of another program: {reason}",
        "If it was a warehouse, put a whole copy back or run `portouts sync --rebuild`; else name another --database.",
    )


# Who has the files open


def _in_use(published: Path, working: Path) -> Finding:
    if _is_locked(working / "lock"):
        named = ""
        with suppress(OSError):
            named = f" by {(working / 'lock-holder').read_text(encoding='utf-8').strip()}"
        return warning("in use", f"a sync is working on this database now{named}", "Wait for it to finish.")
    if holder := holder_of(working / "working.duckdb"):
        return failed(
            "in use", f"{working / 'working.duckdb'} is open in {holder}", "Close it there: query the published file."
        )
    holder = holder_of(published)
    if holder and holder.is_writing:
        return warning(
            "in use",
            f"{published} is open for writing in {holder}",
            "Open it read-only: the next sync replaces the file, with what is written to it.",
        )
    return ok("in use", f"no other program holds the files{f', except a reader: {holder}' if holder else ''}")


def _is_locked(lock: Path) -> bool:
    """Return whether a sync holds this lock; the lock that tests this is released at once."""
    with suppress(OSError), lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def holder_of(path: Path) -> Holder | None:
    """Ask the system which process has a DuckDB file open. This takes no lock, so it disturbs no process."""
    layout, kind_at, process_at = _FLOCK
    asked = [0] * 5
    asked[kind_at] = fcntl.F_WRLCK
    with suppress(OSError), path.open("rb") as file:
        found = struct.unpack(layout, fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(layout, *asked)))
        if found[kind_at] != fcntl.F_UNLCK:
            return Holder(found[process_at], is_writing=found[kind_at] == fcntl.F_WRLCK)
    return None


# Who may read them


def _rights(published: Path, working: Path, secrets: Iterable[Path]) -> Finding:
    check, user = "file rights", os.geteuid()
    ours = [path for path in (published, working, working / "working.duckdb") if is_there(path)]
    if foreign := [path for path in ours if path.stat().st_uid != user]:
        can_work = all(os.access(path, os.R_OK | os.W_OK, effective_ids=_BY_EFFECTIVE_USER) for path in foreign)
        found = f"{_listed(foreign)} belongs to user {foreign[0].stat().st_uid}, and this is user {user}"
        advice = "Run sync and doctor as the same user, or give the files to this one (chown)."
        return warning(check, found, advice) if can_work else failed(check, found, advice)
    private = [*ours[is_there(published) :], *(path for path in secrets if path.stat().st_uid == user)]
    if is_open := [path for path in private if path.stat().st_mode & 0o077]:
        found = f"other users may open {_listed(is_open)}"
        return warning(check, found, f"Run `chmod go-rwx {_listed(is_open, ' ')}`.")
    mode = f"; {published.name} has mode {published.stat().st_mode & 0o777:o}" if is_there(published) else ""
    return ok(check, f"only this user may open {'what is there' if ours else 'what a sync will make'}{mode}")


def _listed(paths: list[Path], between: str = ", ") -> str:
    return between.join(map(str, paths))
