"""A process that forks one that publishes for each line of input, so that a test can kill it without starting Python.

A line is a file and an address. It prints the number of the process when it begins, and a line when it has ended.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import adbc_driver_postgresql.dbapi  # noqa: F401 - imported once for all
import pyarrow as pa  # noqa: F401 - imported once for all
from portouts.publish.target import Target
from portouts.publish.targets import Request, publish_to_targets


def publish(database: Path, url: str) -> None:
    """Publish in this process, which then ends."""
    print(os.getpid(), flush=True)
    publish_to_targets(database, database.parent, [Target(url)], Request(("raw",), seconds=60, whole=True))
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        path, address = line.split()
        if not (process := os.fork()):
            publish(Path(path), address)
        os.waitpid(process, 0)
        print("ended", flush=True)
