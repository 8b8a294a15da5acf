"""Builds the models in a session of Spark, as temporary views of selects or of files, and runs the checks on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.errors import ModelFailed
from portouts.spark.files import RunFiles
from portouts.spark.session import reason_of
from portouts.spark.translation import spark_sql, view_name
from portouts.transform.checks import ROWS_SHOWN, CheckWarning, finding, judged
from portouts.transform.project.model import Kind, Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_VIEWS = {Kind.VIEW, Kind.PER_ORDER_VIEW}


def create_views(spark: SparkSession, files: RunFiles, models: Iterable[Model]) -> None:
    """Make a view of each of these models, which are in the order of the graph.

    Marts, and what DuckDB keeps in tables, are computed and written.
    """
    for model in models:
        frame = _frame(spark, model.path, model.select)
        if model.kind not in _VIEWS or model.name.startswith("marts."):
            frame = _written(frame, files, model)
        frame.createOrReplaceTempView(view_name(model.name))


def _written(frame: DataFrame, files: RunFiles, model: Model) -> DataFrame:
    from pyspark.errors import PySparkException

    try:
        return files.written(frame, model.name)
    except PySparkException as error:
        raise ModelFailed(f"{model.path.parent.name}/{model.path.name}: {reason_of(error)}") from error


def run_checks_on_spark(spark: SparkSession, checks: Mapping[str, str]) -> list[CheckWarning]:
    """Run checks and return the warnings; raises `CheckFailed` if any other check returns rows."""
    return judged({name: _run_check(spark, name, query) for name, query in checks.items()})


def _run_check(spark: SparkSession, name: str, query: str) -> CheckWarning | None:
    frame = _frame(spark, Path(f"{name}.sql"), query)
    first = frame.take(ROWS_SHOWN)
    return finding(name, query, frame.count(), (row[0] for row in first)) if first else None


def _frame(spark: SparkSession, path: Path, select: str) -> DataFrame:
    from pyspark.errors import AnalysisException

    try:
        return spark.sql(spark_sql(select))
    except AnalysisException as error:
        raise ModelFailed(f"{path.parent.name}/{path.name}: {reason_of(error)}") from error
