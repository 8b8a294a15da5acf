"""Measures all models and checks on DuckDB and on Spark, on the same generated raw rows.

    python benchmarks/spark.py --orders 1000000 --master 'local[*]'

The rows are those of `models.py`. Spark reads them as `portouts export --by-month` writes them, and writes the marts as
Parquet; DuckDB reads and writes its own file. The memory of Spark is that of SPARK_CONF_DIR. Spark's seconds include
its start.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from models import build_once, generate
from portouts.commands.jobs.publishing.months import export_months
from portouts.load.settings.settings import read_settings
from portouts.spark.places import Place
from portouts.spark.run import SparkRequest, run_on_spark


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--master", default="local[*]")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        database, lake, marts = (Path(folder) / name for name in ("benchmark.duckdb", "lake", "marts"))
        generate(database, options.orders)
        print(f"DuckDB {duckdb.__version__}, {os.cpu_count()} cores: seconds, CPU seconds, peak MB; what took longest")
        build_once(database)
        export_months(database, lake.as_uri())
        began = time.perf_counter()
        places = Place(lake.as_uri()), Place(marts.as_uri())
        written = run_on_spark(SparkRequest(options.master, *places, read_settings(needs_key=False)))
        print(f"Spark, {options.master}: {time.perf_counter() - began:,.1f} seconds, {written.rows:,} rows in marts")


if __name__ == "__main__":
    main()
