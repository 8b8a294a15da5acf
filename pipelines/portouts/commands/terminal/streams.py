"""Standard streams that never make a command fail: closed, full, without a reader, or limited to ASCII.

If standard error accepts nothing, notes are lost silently. For standard output, the first error is kept, so that the
command can report at its end that its result is lost. A reader that has gone (`| head`) is no error.

The surprise: a closed descriptor is opened as /dev/null. Otherwise the next file to be opened, such as a database,
would take its number, and whatever a library prints would be written into that file.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO


class _LossyFile(io.FileIO):
    """A descriptor that accepts every write and keeps the first error."""

    def __init__(self, descriptor: int, *, is_closed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: int | None = None
        self._is_closed = is_closed

    def write(self, data: Any, /) -> int:
        if self._is_closed:
            self.error = errno.EBADF
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])  # another program has made the descriptor non-blocking
            return written
        except OSError as error:
            self.error = self.error or error.errno
            return memoryview(data).nbytes


def settle_streams() -> None:
    """Replace this process's standard output and standard error by streams that never fail."""
    is_closed = [stream is None for stream in (sys.stdout, sys.stderr)]
    _reserve_descriptors()
    sys.stdout = _stream(sys.stdout, 1, is_closed=is_closed[0], errors="replace")
    sys.stderr = _stream(sys.stderr, 2, is_closed=is_closed[1], errors="backslashreplace")


def lost_output() -> str | None:
    """Return once why standard output lost what was printed; None if it lost nothing, or if its reader has gone."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _LossyFile) or raw.error is None:
        return None
    error, raw.error = raw.error, None
    if error == errno.EPIPE:
        return None
    return "is closed" if error == errno.EBADF else f"cannot be written to ({os.strerror(error).lower()})"


def _reserve_descriptors() -> None:
    """Open /dev/null in place of every closed standard descriptor."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _stream(stream: TextIO | None, descriptor: int, *, is_closed: bool, errors: str) -> TextIO:
    raw = _LossyFile(descriptor, is_closed=is_closed)
    encoding = stream.encoding if stream else "utf-8"
    is_line_buffered = descriptor == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=is_line_buffered)
