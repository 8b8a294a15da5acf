"""The folders of a warehouse: where its files are, who may read them, and which process works there.

Only the owner may read what is made here, whatever the umask, unless `[publish] mode` says otherwise for the published
file. Folders of others keep their mode, and without that setting a published file that is replaced does. This module
imports no DuckDB, so that a lock that is held is reported at once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from portouts.errors import Locked, SettingsError

DATASET = "raw"
SCHEMAS = (DATASET, "staging", "intermediate", "marts")
OWNER_ONLY_FILE, OWNER_ONLY_FOLDER = 0o600, 0o700
GROUP, ALL_READ = 0o070, 0o444
# Seconds between two tries to take a lock that another process holds.
_LOCK_POLL = 0.1
# dlt writes paths into SQL unchanged, and DuckDB reads some of their characters as patterns.
_TEMPORARY = "portouts-"
_PLAIN = re.compile(r"[A-Za-z0-9_./+=@-]*")


def places(database: Path, state_dir: Path | None = None) -> tuple[Path, Path]:
    """Return the published file, of a link its target, and its working folder.

    Raises `SettingsError` for a name that DuckDB takes for something else.
    """
    if database.stem.lower() in SCHEMAS:
        raise SettingsError(
            f"{database}: DuckDB names a database after its file, and this one has a schema of the same name. "
            "Give the file another name."
        )
    published = database.resolve()
    folder = working_folder(published, state_dir)
    if "\\" in f"{published}{folder}":
        raise SettingsError(f"{published}: DuckDB takes a backslash for a slash. Use a path without one.")
    return published, folder


def working_folder(database: Path, state_dir: Path | None = None) -> Path:
    """Return the working folder of a database: beside it, or under `state_dir` with a name made from its path."""
    if state_dir is None:
        return database.parent / ".portouts" / database.name
    path = hashlib.sha256(os.fsencode(database)).hexdigest()[:12]
    return state_dir.expanduser().absolute() / f"{database.name}-{path}"


def require_unlocked(database: Path, state_dir: Path | None = None) -> None:
    """Raise `Locked` if another process holds the lock now; a folder without a lock stays as it is."""
    published, folder = places(database, state_dir)
    with suppress(OSError):  # the caller that takes the lock explains it
        if (folder / "lock").exists():
            with holding_lock(published, folder):
                pass


@contextmanager
def holding_lock(
    published: Path, folder: Path, wait_seconds: float = 0.0, on_wait: Callable[[str], None] = lambda _holder: None
) -> Iterator[None]:
    """Hold the lock of a working folder; the system frees it when the process ends for any reason.

    If another process holds it, call `on_wait` with its name and wait this long; then raise `Locked`.
    """
    lock, holder = FileLock(folder / "lock", mode=OWNER_ONLY_FILE), folder / "lock-holder"
    _acquire(lock, holder, published, wait_seconds, on_wait)
    try:
        holder.write_text(f"process {os.getpid()}\n")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _acquire(
    lock: FileLock, holder: Path, published: Path, wait_seconds: float, on_wait: Callable[[str], None]
) -> None:
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait_seconds:
                raise
            on_wait(_named_in(holder))
            lock.acquire(timeout=wait_seconds, poll_interval=_LOCK_POLL)
    except Timeout:
        raise Locked(f"{published} is being synced by {_named_in(holder)}. Wait for it to finish.") from None


def _named_in(holder: Path) -> str:
    try:
        return holder.read_text().strip() or "an unknown process"
    except FileNotFoundError:
        return "a process that is just ending"


def part_of(published: Path) -> Path:
    """Return the temporary file that is renamed to the published one; renaming works only within a folder."""
    return published.with_name(f".{published.name}.part")


def is_mounted(path: Path) -> bool:
    """Return whether something is mounted on a path. Only Linux shows this for files of the same file system."""
    if path.is_mount():
        return True
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    points = [line.split(" ")[4] for line in mounts.splitlines()]
    return str(path) in {re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), point) for point in points}


@contextmanager
def for_the_owner_only() -> Iterator[None]:
    """Create all files meanwhile so that only their owner can read them."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> None:
    """Make a working folder, and remove permissions of others that an earlier version or umask left."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = [folder.parent, folder] if folder.parent.name == ".portouts" else [folder]
    with suppress(PermissionError):  # of another user
        for path in ours:
            path.chmod(OWNER_ONLY_FOLDER)
        for path in folder.iterdir():
            if path.is_file() and not path.is_symlink():
                path.chmod(OWNER_ONLY_FILE)


def make_folder_of(published: Path, mode: int | None) -> None:
    """Make the folder of a published file and those above it, with access for all who may read the file.

    A folder that exists stays as it is.
    """
    reach = OWNER_ONLY_FOLDER | ((mode or 0) & ALL_READ) | ((mode or 0) & ALL_READ) >> 2
    missing = [folder for folder in published.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(reach | folder.stat().st_mode & stat.S_ISGID)  # new files inherit the group


def new_file(path: Path) -> Path:
    """Make an empty file for its owner only, in place of whatever a killed run has left there."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY_FILE))
    return path


def set_mode(path: Path, like: Path, mode: int | None) -> None:
    """Give a file the owner, the group and the mode of the one that it replaces, as far as this is permitted.

    A `mode` that is given comes before that of the other file.
    """
    with suppress(FileNotFoundError):
        _keep_mode(path, like)
    if mode is not None:
        path.chmod(mode)


def _keep_mode(path: Path, like: Path) -> None:
    before = like.stat()
    for owner in (before.st_uid, -1):
        with suppress(PermissionError):
            os.chown(path, owner, before.st_gid)
            break
    is_of_group = path.stat().st_gid == before.st_gid
    path.chmod(before.st_mode & 0o777 if is_of_group else before.st_mode & 0o777 & ~GROUP)


@contextmanager
def scratch_of(folder: Path) -> Iterator[Path]:
    """Yield a folder for dlt: the working folder, or a temporary one if its name has a meaning in SQL or patterns.

    The working folder notes the temporary one, so that a later run removes what a killed one has left.
    """
    if _PLAIN.fullmatch(str(folder)):
        yield folder
        return
    noted = folder / "scratch"
    with suppress(FileNotFoundError):
        left = Path(noted.read_text(encoding="utf-8"))
        if left.name.startswith(_TEMPORARY) and left.owner() == noted.owner():
            shutil.rmtree(left)
    scratch = tempfile.mkdtemp(prefix=_TEMPORARY)
    noted.write_text(scratch, encoding="utf-8")
    try:
        yield Path(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        noted.unlink(missing_ok=True)
