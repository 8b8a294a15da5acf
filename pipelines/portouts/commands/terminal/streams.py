"""Standard streams that make no command fail, be they closed, full, read no further, or limited to ASCII.

What is written beside the result gets lost without a word where standard error takes nothing. Of standard output the
first error is kept, so that a command can say at its end that its result is lost; a reader that has gone (`| head`) is
no error. The surprise: a closed descriptor is opened as /dev/null. Otherwise the next file that is opened, a database
for instance, would take its number, and whatever a library prints would be written into that file.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO


class _Forgiving(io.FileIO):
    """A descriptor that seems to take everything; the first error is kept."""

    def __init__(self, descriptor: int, *, is_closed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: int | None = None
        self._is_closed = is_closed

    def write(self, data: Any, /) -> int:
        if self._is_closed:
            self.error = errno.EBADF
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])  # a descriptor that another program has set not to wait
            return written
        except OSError as error:
            self.error = self.error or error.errno
            return memoryview(data).nbytes


def settle_streams() -> None:
    """Put forgiving streams in the place of this process's standard output and standard error."""
    is_closed = [stream is None for stream in (sys.stdout, sys.stderr)]
    _reserve_descriptors()
    sys.stdout = _stream(sys.stdout, 1, is_closed=is_closed[0], errors="replace")
    sys.stderr = _stream(sys.stderr, 2, is_closed=is_closed[1], errors="backslashreplace")


def lost_output() -> str | None:
    """Say once why standard output did not take all that was printed; None where it did or where nobody reads on."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Forgiving) or raw.error is None:
        return None
    error, raw.error = raw.error, None
    if error == errno.EPIPE:
        return None
    return "is closed" if error == errno.EBADF else f"cannot be written to ({os.strerror(error).lower()})"


def _reserve_descriptors() -> None:
    """Open /dev/null in the place of every standard descriptor that is closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _stream(stream: TextIO | None, descriptor: int, *, is_closed: bool, errors: str) -> TextIO:
    raw = _Forgiving(descriptor, is_closed=is_closed)
    encoding = stream.encoding if stream else "utf-8"
    is_read_as_it_comes = descriptor == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=is_read_as_it_comes)
