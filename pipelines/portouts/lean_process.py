"""A process of ours that syncs takes the memory and the time that this needs, and no more.

What has been freed goes back to the system: the C library keeps a heap for every few threads and gives little of it
back. A sync goes through its chunks in many threads, so the heaps grow although what is held does not. One heap, with
what is large allocated apart, costs no time that could be measured.

And pandas stays out: Arrow imports it, if it is installed, to see whether a list is one of its series.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder

# Numbers of malloc.h in glibc; another C library does as it does.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE = 256 * 1024


def be_lean() -> None:
    """Settle this process for its life; to be called before Arrow is imported, and not by a library."""
    with suppress(AttributeError, OSError, TypeError):
        c_library = ctypes.CDLL(None)
        c_library.mallopt(M_ARENA_MAX, 1)
        c_library.mallopt(M_MMAP_THRESHOLD, LARGE)
    _let_arrow_miss_pandas()


class NoPandas(MetaPathFinder):
    """Finds that there is no pandas."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Leave all else to other finders."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def _let_arrow_miss_pandas() -> None:
    """Let Arrow look for pandas in vain, which it does once; where pandas is asked for by name, it is found."""
    import pyarrow as pa

    sys.meta_path.insert(0, no_pandas := NoPandas())
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(no_pandas)
