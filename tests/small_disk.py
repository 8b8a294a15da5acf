"""A small file system that a test can fill; the fixture `disk` in conftest.py mounts it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def system(*command: str) -> bool:
    """Run one of the system's own commands; return whether it succeeded."""
    if not (found := shutil.which(command[0])):
        return False
    return subprocess.run([found, *command[1:]], check=False, capture_output=True).returncode == 0


@contextmanager
def all_but(free: int, folder: Path) -> Iterator[None]:
    """Fill the file system of a folder up to so many bytes."""
    filler = folder / "filler"
    filler.write_bytes(bytes(max(shutil.disk_usage(folder).free - free, 0)))
    try:
        yield
    finally:
        filler.unlink()
