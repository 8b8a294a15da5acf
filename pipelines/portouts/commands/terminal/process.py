"""How a command's process runs and ends: file permissions, memory, dlt's variables, signals, a home folder.

Memory that has been freed goes back to the system. The C library keeps a heap for every few threads and returns little
of it. A sync handles its batches in many threads, so these heaps grow although the data in use does not. One heap, and
a separate mapping for each large block, costs no measurable time.

The surprise: pandas stays out of a sync. If it is installed, Arrow imports it to see whether a list is a series.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from tempfile import TemporaryDirectory

from portouts.logs import log

# Numbers of malloc.h in glibc. Other C libraries ignore them, or have no `mallopt`.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE_BLOCK = 256 * 1024


def prepare_process() -> None:
    """Set what every command needs: POSIX, private files, signals, and a collector of garbage that runs seldom."""
    # Pages are many small objects, nearly all of them in use. With the defaults, a fifth of all time goes into looking
    # for others.
    gc.set_threshold(20_000, 10, 10)
    # Without a handler, the first process of a container ignores SIGTERM, as does one that inherited SIG_IGN.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.name != "posix":
        sys.exit("portouts: Windows is not supported; portouts runs on Linux, macOS and in WSL.")
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else nohup wants it ignored
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    os.umask(0o077)  # files hold names and addresses: only their owner reads them


def skip_teardown() -> Callable[[object], None]:
    """Let the process end without Python taking apart all that was imported, a tenth of the time of a sync.

    Returns what notes the exit code. Threads are joined first, and the exit functions of what is imported from now on
    run first. Without a code, Python ends as it always does.
    """
    codes: list[object] = []

    def leave() -> None:
        if codes and isinstance(codes[-1], int):
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(codes[-1])

    atexit.register(leave)
    return codes.append


def prepare_imports() -> None:
    """Prepare the process for dlt and Arrow; call this before either is imported.

    dlt reads some of its own variables when it is imported, so all of them are removed.
    """
    for name in [name for name in os.environ if name.startswith("DLT_")]:
        del os.environ[name]
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # returns between batches what it does not need
    limit_memory()


def limit_memory() -> None:
    """Return freed memory to the system, and keep pandas out; call this before Arrow is imported."""
    with suppress(AttributeError, OSError, TypeError):
        c_library = ctypes.CDLL(None)
        c_library.mallopt(M_ARENA_MAX, 1)
        c_library.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
    _hide_pandas_from_arrow()


class NoPandas(MetaPathFinder):
    """A finder to which pandas is not installed."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Raise `ModuleNotFoundError` for pandas, and leave all other names to other finders."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def _hide_pandas_from_arrow() -> None:
    """Let Arrow look for pandas, which it does once, and not find it. An import by name still finds it later."""
    import pyarrow as pa

    sys.meta_path.insert(0, no_pandas := NoPandas())
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(no_pandas)


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether SIGINT, SIGTERM or SIGHUP has come; the second raises `KeyboardInterrupt`.

    After the first one, a sync loads what it is reading and then stops. A SIGHUP that is ignored, as under nohup, stays
    ignored.
    """
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        log("stopping", "stopping after what is being read; once more to stop at once.")

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    handlers = {
        number: signal.signal(number, stop) for number in numbers if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def home_folder() -> Iterator[None]:
    """Give Jupyter, which keeps files in the user's home, an empty folder if the user has no home."""
    try:
        Path.home()
    except RuntimeError:
        with TemporaryDirectory() as home:
            os.environ["HOME"] = home
            yield
    else:
        yield
