"""The files of one run: each table that Spark computes is written as Parquet, and read from there by what follows.

So a plan of Spark has one select, and a table is computed once. The files of a mart have a folder of their own for each
run; until a manifest names them, they belong to no version. All other tables are removed when the run ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

from portouts.publish.contents import Column, Table
from portouts.publish.storage import manifest as manifests
from portouts.publish.storage.manifest import File
from portouts.spark.places import Place
from portouts.spark.row_hash import hash_in_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_OF_A_RUN = re.compile(r"(marts/[^/]+/run-[0-9a-f]{16}|build/run-[0-9a-f]{16})/.+")
# Spark's types → DuckDB's, which a manifest has.
_TYPES = {
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_SPARK_TYPES = {duckdb: spark for spark, duckdb in _TYPES.items()}


@dataclass(frozen=True)
class RunFiles:
    """The folders of a run below the output."""

    place: Place
    run: str = field(default_factory=lambda: token_hex(8))

    def folder_of(self, table: str) -> str:
        """Return the folder of `schema.table`, relative to the manifest."""
        schema, _, name = table.partition(".")
        return f"marts/{name}/run-{self.run}" if schema == "marts" else f"build/run-{self.run}/{name}"

    def written(self, frame: DataFrame, table: str) -> DataFrame:
        """Compute a table, write it, and return it as it is read from its files."""
        path = self.place.for_spark(self.folder_of(table))
        frame.write.parquet(path)
        return frame.sparkSession.read.schema(frame.schema).parquet(path)

    def describe(self, spark: SparkSession, table: Table) -> list[File]:
        """Read the files of a mart, and return them with rows and checksum."""
        from pyspark.sql.functions import count
        from pyspark.sql.functions import sum as sum_of

        folder = self.folder_of(table.full_name)
        rows = spark.read.parquet(self.place.for_spark(folder))
        hashes = rows.selectExpr("_metadata.file_name as file", f"{hash_in_spark(table.columns)} as hash")
        sums = hashes.groupBy("file").agg(count("*"), sum_of("hash")).collect()
        counted = {file: (rows, checksum) for file, rows, checksum in sums}
        sizes = {path: size for path, size in self.place.storage.sizes(folder).items() if _is_parquet(path)}
        return [
            File(path, None, rows, str(checksum), size)
            for path, size in sizes.items()
            for rows, checksum in [counted.get(path.rpartition("/")[2], (0, 0))]
        ]

    def remove_build(self) -> None:
        """Remove what is not a mart."""
        self.place.storage.remove_folder(f"build/run-{self.run}")
        self.place.storage.remove_if_empty("build")

    def remove_marts(self) -> None:
        """Remove the marts, too."""
        self._remove(found for found in self._folders() if found.endswith(f"/run-{self.run}"))

    def remove_others(self) -> None:
        """Remove what earlier runs have left, killed ones too."""
        self._remove(found for found in self._folders() if not found.endswith(f"/run-{self.run}"))

    def _folders(self) -> list[str]:
        there = [*self.place.storage.names("marts"), *self.place.storage.names("build")]
        return sorted({found[1] for name in there if (found := _OF_A_RUN.fullmatch(name))})

    def _remove(self, folders: Iterable[str]) -> None:
        for folder in folders:
            self.place.storage.remove_folder(folder)


def columns_of(schema: StructType, comments: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns of a mart with DuckDB's types."""
    return tuple(
        Column(field.name, _TYPES[field.dataType.simpleString()], comments.get(field.name)) for field in schema
    )


def schema_of(columns: Iterable[manifests.Column]) -> str | None:
    """Return the schema that Spark gives files with these columns, in its SQL; None if it must look into the files."""
    types = [(column.name, _SPARK_TYPES.get(column.type)) for column in columns]
    return ", ".join(f"`{name}` {kind}" for name, kind in types) if all(kind for _, kind in types) else None


def _is_parquet(path: str) -> bool:
    """Return whether a file is a table's, and none of those that Hadoop writes beside it."""
    name = path.rpartition("/")[2]
    return name.endswith(".parquet") and not name.startswith(".")
