"""One run of the models on Spark: exported raw → models → checks → marts as Parquet → manifest, replaced last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import duckdb
import msgspec

from portouts.errors import ExportFailed, TargetFailed
from portouts.extract.state import SyncState
from portouts.load.settings.remembered import OF_MODELS, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.publish.contents import Table
from portouts.publish.storage import manifest as manifests
from portouts.publish.storage.manifest import Manifest
from portouts.publish.storage.parquet import replace_manifest
from portouts.spark.build import create_views, run_checks_on_spark
from portouts.spark.files import RunFiles, columns_of
from portouts.spark.inputs import copy_of_raw, create_input_views
from portouts.spark.places import Place, read_input, read_output
from portouts.spark.raw_tables import open_raw_tables
from portouts.spark.session import session
from portouts.spark.translation import view_name
from portouts.transform.checks import read_checks
from portouts.transform.project.comments import column_texts
from portouts.transform.project.graph import ModelGraph, read_graph
from portouts.transform.project.model import Kind
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class SparkRequest:
    """What to run, and where."""

    master: str
    source: Place
    output: Place
    settings: Settings
    accept_settings: bool = False


class SparkOutcome(msgspec.Struct, frozen=True):
    """What was written; the fields are those of `models --engine spark --json`."""

    engine: str
    input: str
    output: str
    as_of: str
    tables: int
    rows: int
    bytes: int
    warnings: list[str]
    notes: list[str]


def run_on_spark(request: SparkRequest) -> SparkOutcome:
    """Compute all models of exported raw on Spark, check them, and replace the marts at the output.

    Raises `CheckFailed`, `ModelFailed`, `SparkFailed` or `ExportFailed`; readers of the output then see what was there.
    """
    exported = read_input(request.source)
    held = read_output(request.output, request.source)
    files = RunFiles(request.output)
    try:
        with session(request.master) as spark, marts_only_if_done(files):
            open_raw_tables(spark, request.source, exported)
            graph, warnings, notes = _build(spark, files, exported, request)
            written = _describe(spark, files, graph, exported)
            replace_manifest(request.output.storage, written, Path(gettempdir()))
        files.remove_others()
        if held:
            there = request.output.storage.names("marts")
            request.output.storage.remove(manifests.unnamed(there, written))
    except TargetFailed as error:
        raise ExportFailed(f"{request.output.shown} cannot be written: {error}.") from None
    return _outcome(request, written, warnings, notes)


@contextmanager
def marts_only_if_done(files: RunFiles) -> Iterator[None]:
    """Remove what the run has written if it fails; if it is done, only what no mart needs."""
    try:
        yield
    except BaseException:
        files.remove_marts()
        raise
    finally:
        files.remove_build()


def _build(
    spark: SparkSession, files: RunFiles, exported: Manifest, request: SparkRequest
) -> tuple[ModelGraph, list[str], list[str]]:
    """Build all models; return their graph, the warnings of the checks, and notes on settings."""
    checks = read_checks(sql_folder())
    graph = read_graph(sql_folder(), checks, [name.removeprefix("raw.") for name in exported.tables])
    on_raw = [model for model in graph.models if graph.reads_raw(model)]
    inputs = [model for model in graph.models if model.kind is Kind.INPUT]
    with duckdb.connect() as connection:
        copy_of_raw(spark, connection)
        accepted = OF_MODELS if request.accept_settings else ()
        used = settings_in_use(connection, SyncState(), request.settings, names=OF_MODELS, accepted=accepted)
        create_views(spark, files, on_raw)
        as_of = datetime.fromisoformat(exported.as_of)
        create_input_views(spark, connection, inputs, used.settings.models.inputs(as_of))
    create_views(spark, files, [model for model in graph.models if model not in (*on_raw, *inputs)])
    return graph, [str(warning) for warning in run_checks_on_spark(spark, checks)], used.notes


def _describe(spark: SparkSession, files: RunFiles, graph: ModelGraph, exported: Manifest) -> Manifest:
    """Describe the marts as the manifest of an export does."""
    texts: dict[str, Mapping[str, str]] = {
        name: {column.name: column.comment for column in table.columns if column.comment}
        for name, table in exported.tables.items()
        if name.startswith("raw.")
    }
    tables = {}
    for model in graph.models:
        schema = spark.table(view_name(model.name)).schema
        texts[model.name] = column_texts(model, schema.names, (texts.get(read, {}) for read in graph.reads[model.name]))
        if model.name.startswith("marts."):
            columns = columns_of(schema, texts[model.name])
            table = Table("marts", model.object_name, columns, model.description, model.key)
            tables[table.full_name] = manifests.describe(table, files.describe(spark, table))
    return Manifest(manifests.FORMAT, exported.as_of, dict(sorted(tables.items())))


def _outcome(request: SparkRequest, written: Manifest, warnings: list[str], notes: list[str]) -> SparkOutcome:
    tables = written.tables.values()
    return SparkOutcome(
        "spark",
        request.source.shown,
        request.output.shown,
        written.as_of,
        len(tables),
        sum(table.rows for table in tables),
        sum(file.bytes for file in written.files.values()),
        warnings,
        notes,
    )
