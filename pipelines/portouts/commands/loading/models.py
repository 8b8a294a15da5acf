"""`portouts models`: build staging, marts and checks again, on this machine or on Spark."""

from __future__ import annotations

from pathlib import Path

import typer

from portouts.commands.loading.announced import end_behind
from portouts.commands.option_values import Engine
from portouts.commands.options import (
    DEFAULT_DATABASE,
    AcceptSettings,
    AsJson,
    Config,
    Database,
    EngineOfModels,
    ExportedInput,
    FullBuild,
    MartsOutput,
    Master,
    StateDir,
    refuse_given,
)
from portouts.commands.terminal.environment import open_with_settings, settings_for_spark
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import address_of, published_file
from portouts.errors import SettingsError
from portouts.load.settings.files import settings_files


@with_exit_status(
    stopped="What is published is as it was; run `portouts models` again.", done="The models are up to date."
)
def models(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    full: FullBuild = False,
    accept_settings: AcceptSettings = False,
    config: Config = None,
    state_dir: StateDir = None,
    engine: EngineOfModels = Engine.DUCKDB,
    master: Master = None,
    source: ExportedInput = None,
    output: MartsOutput = None,
    as_json: AsJson = False,
) -> None:
    """Build the models whose inputs changed, check them, and publish. If nothing changed, nothing is built.

    With `--engine spark`, compute all models of exported raw on a cluster, and write the marts as Parquet.
    """
    if engine is Engine.SPARK:
        refuse_given(context, "database", "full", "state_dir", because="--engine spark reads --input, not a database")
        if not (master and source and output):
            raise SettingsError("--engine spark needs --master, --input and --output.")
        _run_on_spark(master, source, output, config, accept_settings=accept_settings, as_json=as_json)
        return
    refuse_given(context, "master", "source", "output", because="Only --engine spark has a cluster and files")
    database = published_file(database)
    files = settings_files(database, config)
    warehouse, settings = open_with_settings(database, state_dir, files, needs_key=False)
    from portouts.commands.jobs.models import rebuild_models
    from portouts.commands.results.loading.models import print_models

    outcome = rebuild_models(warehouse, settings, accept_settings=accept_settings, full=full)
    print_models(outcome, as_json=as_json)
    end_behind(outcome.targets)


def _run_on_spark(
    master: str, source: str, output: str, config: Path | None, *, accept_settings: bool, as_json: bool
) -> None:
    addresses = address_of("--input", source), address_of("--output", output)
    settings = settings_for_spark(settings_files(DEFAULT_DATABASE, config))
    from portouts.publish.drivers import require_drivers

    require_drivers(addresses)
    from portouts.commands.results.loading.models import print_spark_models
    from portouts.spark.places import Place
    from portouts.spark.run import SparkRequest, run_on_spark

    exported, marts = map(Place, addresses)
    request = SparkRequest(master, exported, marts, settings, accept_settings)
    print_spark_models(run_on_spark(request), as_json=as_json)
