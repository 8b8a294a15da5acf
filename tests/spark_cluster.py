"""A standalone Spark cluster of the tests on loopback, from pyspark's own jars: one master and two workers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

JAVA = shutil.which("java")
PYSPARK = find_spec("pyspark")
MISSING = " and ".join(
    name for name, found in (("Java (apt-get install default-jre-headless)", JAVA), ("pyspark", PYSPARK)) if not found
)
WORKERS = 2
# What a small cluster for a minute needs: to optimise what runs once takes longer than to run it.
QUICK = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
DEFAULTS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "512m",
    "spark.driver.extraJavaOptions": f"{QUICK} -XX:ReservedCodeCacheSize=200m",
    "spark.executor.extraJavaOptions": f"{QUICK} -XX:ReservedCodeCacheSize=100m",
    "spark.sql.shuffle.partitions": "2",
    # To compile a plan takes seconds, and these run on a few hundred rows.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    # Sessions that a cluster gives another zone and laxer rules: ours must not depend on it.
    "spark.sql.session.timeZone": "Pacific/Auckland",
    "spark.sql.ansi.enabled": "false",
}


class Cluster:
    """A running cluster: its address, and the environment of a program that uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in DEFAULTS.items()))
        self.environment = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
        self._running: list[subprocess.Popen[str]] = []
        self._readers: list[threading.Thread] = []
        self.master = ""
        self.log: list[str] = []

    def start(self) -> None:
        self.master = self._started("master.Master", r"Starting Spark master at (spark://\S+)")
        for number in range(WORKERS):
            options = ["--cores", "1", "--memory", "600M", "--work-dir", str(self.folder / f"work{number}")]
            self._started("worker.Worker", r"Successfully registered with master (\S+)", *options, self.master)

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(timeout=60)
        for reader in self._readers:
            reader.join()
        for process in self._running:
            assert process.stderr is not None
            process.stderr.close()

    def _started(self, name: str, pattern: str, *options: str) -> str:
        """Start a process of the cluster, and return what its log says when it is ready."""
        process = subprocess.Popen(
            [str(JAVA), "-Xmx128m", *QUICK.split(), "-cp", f"{_home()}/jars/*", f"org.apache.spark.deploy.{name}",
             "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", *options],
            env=_environment(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self._running.append(process)
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(pattern, line):
                self._readers.append(threading.Thread(target=self.log.extend, args=[process.stderr], daemon=True))
                self._readers[-1].start()
                return found[1]
        raise AssertionError("".join(said))


def _home() -> Path:
    assert PYSPARK is not None
    return Path(str(PYSPARK.origin)).parent


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **added, "SPARK_HOME": str(_home()), "SPARK_SCALA_VERSION": "2.13"}


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start a cluster, and end it."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
