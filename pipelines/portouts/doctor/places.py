"""Tests the file operations of a sync in a temporary folder, which is removed afterwards.

If a folder does not exist, it is not made: the nearest existing folder above it is tested.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from portouts.doctor.estimate import BYTES_AT_LEAST, FirstLoad
from portouts.doctor.findings import Finding, failed, ok, warning
from portouts.warehouse import faults
from portouts.warehouse.folders import is_mounted

# File systems on which other machines may see locks, renamed files or new contents late or never.
NETWORK = frozenset({"9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "vboxsf"})
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.ext4", "fuse.ntfs-3g"})
# The working file, the published one, and the copy that replaces it.
FILES = 3
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def check_places(published: Path, working: Path) -> Iterator[Finding]:
    """Try the folders of the published file and of the working state, once each."""
    if is_there(published) and is_mounted(published):
        yield failed(
            "folder",
            f"{published} is a mount of its own, so that no file can be put in its place",
            "Mount the folder in which it lies instead of the file.",
        )
    tried: dict[Path, Path] = {}
    for name, folder in (("folder", published.parent), ("working folder", working)):
        place = existing(folder)
        if place not in tried:
            tried[place] = folder
            yield _try_folder(name, folder, place)
            yield _judge_file_system(name, place)


def is_there(path: Path) -> bool:
    """Return whether a file or folder exists; False if permissions hide it."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if is_there(place))


def _try_folder(name: str, folder: Path, place: Path) -> Finding:
    try:
        with TemporaryDirectory(prefix=".portouts-doctor-", dir=place) as made_in:
            problem = _try_files(Path(made_in))
    except OSError as error:
        return failed(name, f"{place}: {error.strerror or error}", advice_about(error))
    if problem:
        return failed(name, f"{place}: {problem}", "Name a --database on a local disk.")
    missing = "" if place == folder else f"{folder} does not exist yet; it can be made: "
    return ok(name, f"{missing}in {place}, files can be made, renamed and locked")


def advice_about(error: OSError) -> str:
    """Return what to do about an error of the system."""
    return f"{faults.ADVICE.get(error.errno or 0, 'Fix that')}, or name a --database elsewhere."


def _try_files(folder: Path) -> str | None:
    """Make and rename two files as a sync does; return what fails, or None."""
    new, old = folder / "new", folder / "old"
    old.write_bytes(b"old")
    with new.open("wb") as file:
        file.write(b"new")
        file.flush()
        os.fsync(file.fileno())
    new.replace(old)
    if new.exists() or old.read_bytes() != b"new":
        return "a file that is renamed does not take the other one's place"
    return _try_locks(folder / "lock")


def _try_locks(path: Path) -> str | None:
    """Lock a file as a sync does (flock) and as DuckDB does (fcntl); return what fails, or None."""
    with path.open("wb") as first, path.open("wb") as second:
        try:
            fcntl.lockf(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(first, fcntl.LOCK_UN)
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return "the file system has no locks, so two syncs could work at once"
            raise
        with suppress(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return "a lock does not keep a second one out, so two syncs could work at once"
    return None


def _judge_file_system(name: str, place: Path) -> Finding:
    kind = file_system_of(place)
    if kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE):
        return warning(
            f"file system of the {name}",
            f"{kind}, which other machines may share",
            "Let one machine alone sync into it: locks and renamed files may reach another one late. A local disk is "
            "safe, and faster.",
        )
    return ok(f"file system of the {name}", kind or "of a kind that this system does not show")


def file_system_of(place: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the type of a file system, such as ext4; empty if the system does not show it, as outside Linux."""
    found = ("", "")
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), before.split(" ")[4])
        if place.resolve().is_relative_to(point) and len(point) >= len(found[0]):
            found = point, after.split(" ")[0]
    return found[1]


def check_disk(published: Path, working: Path, load: FirstLoad | None) -> Iterator[Finding]:
    """Compare the free space with the estimated size of a first load."""
    least, most = load.file_bytes if load else (BYTES_AT_LEAST, BYTES_AT_LEAST)
    places = {existing(published.parent): FILES - 1, existing(working): 1}
    devices = {place.stat().st_dev for place in places}
    if len(devices) == 1:
        places = {existing(published.parent): FILES}
    for place, files in places.items():
        yield _judge_space(place, files * least, files * most, is_known=load is not None)


def _judge_space(place: Path, least: int, most: int, *, is_known: bool) -> Finding:
    free = faults.free_space(place)
    takes = f"{_megabytes(least)} to {_megabytes(most)}" if is_known else f"at least {_megabytes(least)}"
    found = f"{place} has {_megabytes(free)} free; working file, published file and its copy take {takes}"
    if not is_known:
        found += ", the orders being uncounted"
    advice = "Free some space there, or name a --database elsewhere."
    if free < least:
        return failed("disk", found, advice)
    return ok("disk", found) if free >= most else warning("disk", found, advice)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
