"""A session on a Spark cluster, with the settings under which the models mean what they mean on DuckDB.

Everything else is as Spark's own configuration says (`SPARK_CONF_DIR`). What fails in Spark raises an error of ours.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from portouts.errors import SettingsError, SparkFailed
from portouts.warehouse.faults import first_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    # Local time is that of the session: `cast(… at time zone 'UTC' as date)` is right in UTC only.
    "spark.sql.session.timeZone": "UTC",
    # What does not fit is an error, as on DuckDB, and not a null or another number.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    # Parquet as other programs read it: instants in microseconds, days before 1582 as they are.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    # No open port that shows queries, and nothing but errors on the terminal.
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_CONNECT_SECONDS = 10


@contextmanager
def session(master: str) -> Iterator[SparkSession]:
    """Open a session of this cluster, and end it. Raises `SparkFailed` for whatever fails in Spark meanwhile."""
    _require_reachable(master)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pyspark about itself
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(master).appName("portouts").config(map=SETTINGS)
        try:
            spark = builder.getOrCreate()
            try:
                yield spark
            finally:
                with suppress(Py4JError, OSError):
                    spark.stop()
        except (PySparkException, Py4JError) as error:
            raise SparkFailed(f"Spark ({master}) failed: {reason_of(error)}.") from error


def reason_of(error: Exception) -> str:
    """Return what Spark says, without values of rows: of an error in data only its condition."""
    from pyspark.errors import AnalysisException, PySparkException

    if isinstance(error, PySparkException) and not isinstance(error, AnalysisException):
        return error.getCondition() or type(error).__name__
    java, classes = getattr(error, "java_exception", None), list[str]()
    while java is not None:
        classes.append(str(java.getClass().getName()))
        java = java.getCause()
    return ", because of ".join(classes) or first_line(error)


def _require_reachable(master: str) -> None:
    """Raise unless a standalone master answers; Spark itself would try for a minute. Other masters are Spark's to know.

    Several masters are tried in turn.
    """
    scheme, _, rest = master.partition("://")
    if scheme != "spark":
        return
    addresses = [address.rpartition(":") for address in rest.split(",")]
    if not all(host and port.isdecimal() for host, _, port in addresses):
        raise SettingsError(f"--master {master}: write spark://HOST:PORT.")
    for host, _, port in addresses:
        with suppress(OSError), socket.create_connection((host, int(port)), _CONNECT_SECONDS):
            return
    raise SparkFailed(f"No Spark master answers at {master}. Start it, or name another --master.")
