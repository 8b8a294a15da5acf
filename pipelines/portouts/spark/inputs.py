"""The tables of `staging` that Python fills, for Spark: a DuckDB in memory computes them from what they depend on.

They depend on little of raw: the settings, the spellings, the time zones, and the latest instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from portouts.spark.translation import spark_sql, view_name
from portouts.transform.input_tables import fill_input_tables
from portouts.transform.inputs import ModelInputs
from portouts.transform.project.model import Model

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession

READ_OF_RAW = {
    "raw.settings": "select * from raw.settings",
    "raw.portouts": "select max(inserted_at) as inserted_at from raw.portouts",
    "raw.portout_events": "select max(created_at) as created_at from raw.portout_events",
}
READ_OF_STAGING = {
    "staging.stg_portouts": (
        "select distinct cast(null as varchar) as portout_id, spid, carrier_name from staging.stg_portouts"
    ),
    "staging.stg_events": ("select distinct cast(null as varchar) as portout_id, carrier_name from staging.stg_events"),
    "staging.stg_phone_numbers": "select distinct time_zone from staging.stg_phone_numbers",
}


def copy_of_raw(spark: SparkSession, connection: duckdb.DuckDBPyConnection) -> None:
    """Copy what the settings and the calendar depend on from Spark into an empty DuckDB."""
    connection.execute("set timezone = 'UTC'; create schema raw; create schema staging")
    _copy(spark, connection, READ_OF_RAW)


def create_input_views(
    spark: SparkSession, connection: duckdb.DuckDBPyConnection, models: Iterable[Model], inputs: ModelInputs
) -> None:
    """Compute the input tables, and make a view of Spark of each; the views of `staging` on raw must be there."""
    _copy(spark, connection, READ_OF_STAGING)
    models = list(models)
    for model in models:
        connection.execute(f"create table {model.name} as {model.select}")
    fill_input_tables(connection, inputs, built_from="")
    for model in models:
        schema = spark.sql(spark_sql(model.select)).schema
        rows = connection.table(model.name).to_arrow_table()
        spark.createDataFrame(rows, schema).createOrReplaceTempView(view_name(model.name))


def _copy(spark: SparkSession, connection: duckdb.DuckDBPyConnection, queries: dict[str, str]) -> None:
    for name, query in queries.items():
        connection.register("copied", spark.sql(spark_sql(query)).toArrow())
        connection.execute(f"create table {name} as from copied")
        connection.unregister("copied")
