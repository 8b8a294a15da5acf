"""A first load, measured: the sandbox in a process of its own, one `portouts sync` into an empty database.

    python benchmarks/first_load.py --orders 20000 --repeat 3

Prints orders per second from the first request to the published file, of the whole command with its start, CPU seconds
and peak memory of the sync, and whether the result is right.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import duckdb

PORT = 8765
KEY = "KEY_SANDBOX_NOT_A_SECRET"


@contextmanager
def sandbox(orders: int, latency_ms: float) -> Iterator[str]:
    """Serve a simulated account; yield its `now`."""
    options = ["--port", str(PORT), "--orders", str(orders), "--latency-ms", str(latency_ms)]
    with subprocess.Popen([sys.executable, "-m", "portouts", "sandbox", *options], stderr=subprocess.DEVNULL) as server:
        try:
            yield wait_for_now(server)
        finally:
            server.terminate()


def wait_for_now(server: subprocess.Popen[bytes]) -> str:
    while server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{PORT}/sandbox/clock") as answer:
                return str(json.load(answer)["now"])
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the sandbox did not start")


def measure(now: str, folder: Path) -> dict[str, float]:
    """Sync once into an empty folder; seconds, CPU seconds, MB."""
    database = folder / "portouts.duckdb"
    environment = os.environ | {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": f"http://127.0.0.1:{PORT}/v2"}
    command = [sys.executable, "-m", "portouts", "sync", "--json", "--as-of", now, "--database", str(database)]
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output, _ = process.communicate()
    wall = time.perf_counter() - began
    assert process.returncode == 0, "the sync failed"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(output)
    with duckdb.connect(str(database), read_only=True) as connection:
        [(held, started, finished)] = connection.execute(
            "select (select count(*) from marts.fct_portouts), epoch(started_at), epoch(finished_at) "
            "from marts.rpt_sync"
        ).fetchall()
    return {
        "orders": held,
        "requests": result["requests"],
        "seconds": wall,
        "load seconds": finished - started,
        "publish seconds": result["seconds"] - (finished - started),
        "orders per second": held / result["seconds"],
        "cpu seconds": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
        "peak MB": after.ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    with sandbox(options.orders, options.latency_ms) as now:
        runs = []
        for _ in range(options.repeat):
            with TemporaryDirectory() as folder:
                runs.append(measure(now, Path(folder)))
            assert runs[-1]["orders"] == options.orders, "orders are missing"
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians of {len(runs)}")
    for name in runs[0]:
        print(f"{name:>18}: {statistics.median(run[name] for run in runs):,.1f}")


if __name__ == "__main__":
    main()
