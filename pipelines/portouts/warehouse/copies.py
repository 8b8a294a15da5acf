"""Copies of a file: cloned where the file system can, else copied and compared byte for byte.

A clone shares the blocks of its original until one of both is written to (a reflink, as XFS and Btrfs make them). So it
takes no time and no space, whatever the size, and there is nothing to compare.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

from portouts.warehouse.folders import new_file

# How Linux names "share the blocks of another file" (FICLONE); other systems know no such request and refuse it.
_CLONE = 0x40049409
_CHUNK = 1 << 20


def copy(source: Path, target: Path) -> None:
    """Make a copy for its owner only, in place of what is there. Raises `OSError`, also for a copy that differs."""
    new_file(target)
    if _clone(source, target):
        return
    shutil.copyfile(source, target)
    if not _are_equal(source, target):
        raise OSError(f"the copy differs from {source}")


def _clone(source: Path, target: Path) -> bool:
    """Let a file share the blocks of another one; return whether the file system does so."""
    with suppress(OSError), source.open("rb") as original, target.open("r+b") as clone:
        ioctl(clone.fileno(), _CLONE, original.fileno())
        return True
    return False


def _are_equal(source: Path, target: Path) -> bool:
    if source.stat().st_size != target.stat().st_size:
        return False
    with source.open("rb") as one, target.open("rb") as other:
        while chunk := one.read(_CHUNK):
            if chunk != other.read(_CHUNK):
                return False
    return True
