"""The raw tables of an export as views of Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portouts.errors import SparkFailed
from portouts.publish.storage.manifest import Manifest
from portouts.spark.files import schema_of
from portouts.spark.places import Place
from portouts.spark.translation import view_name

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def open_raw_tables(spark: SparkSession, place: Place, manifest: Manifest) -> None:
    """Make a view of each raw table from the files that the manifest names, and count its rows."""
    tables = {name: table for name, table in manifest.tables.items() if name.startswith("raw.")}
    for name, table in tables.items():
        paths = [place.for_spark(file.path) for file in table.files]
        schema = schema_of(table.columns)
        reader = spark.read.schema(schema) if schema else spark.read
        reader.parquet(*paths).createOrReplaceTempView(view_name(name))
    counts = " union all ".join(f"select '{name}', count(*) from {view_name(name)}" for name in tables)
    for name, rows in spark.sql(counts).collect():
        if rows != tables[name].rows:
            raise SparkFailed(
                f"{name} has {rows} rows at {place.shown}, and its manifest says {tables[name].rows}. Export it again."
            )
