"""`portouts models --engine spark` on a real cluster: every mart of an account means what it means on DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import spark_cluster
from mart_comparison import assert_same_rows, read_table
from portouts.commands.jobs.publishing.months import export_months
from portouts.errors import CheckFailed
from portouts.publish.contents import Column
from portouts.publish.row_hash import hash_in_duckdb
from portouts.spark.build import run_checks_on_spark
from portouts.spark.files import RunFiles
from portouts.spark.places import Place
from portouts.spark.run import marts_only_if_done
from portouts.spark.session import session
from portouts.spark.translation import view_name
from portouts_command import Ended
from portouts_sandbox import World
from simulated_account import Account
from spark_cluster import MISSING, Cluster

pytestmark = [
    pytest.mark.slow,  # a cluster
    pytest.mark.skipif(bool(MISSING), reason=f"the models do not run on Spark here: needs {MISSING}"),
]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ZONE = "America/New_York"
HOURS_OF_CLOCK_CHANGES = """
    select count(distinct offsets.utc_offset_seconds)
    from marts.fct_portouts as orders
    inner join staging.utc_offsets_reported as offsets
        on orders.inserted_at >= offsets.starts_at and orders.inserted_at < offsets.ends_at
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with spark_cluster.running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Publish an account whose days are New York's, with orders in summer and in winter time."""
    folder = tmp_path_factory.mktemp("account")
    settings = {"time_zone": ZONE, "inventory": True, "response_window_hours": 24.00005}
    world = World(orders=80, seed=19, starts_at=NOW - timedelta(days=200), now=NOW)
    synced = Account(world, folder / "portouts.duckdb", settings=settings)
    synced.sync()
    assert synced.ask(HOURS_OF_CLOCK_CHANGES) == [(2,)]
    return synced


def export(account: Account, name: str) -> Path:
    folder = account.database.parent / name
    export_months(account.database, folder.as_uri())
    return folder


def on_spark(command: Callable[..., Ended], cluster: Cluster, source: Path, output: Path) -> Ended:
    options = ["--master", cluster.master, "--input", str(source), "--output", str(output)]
    return command("models", "--engine", "spark", *options, "--json", **cluster.environment)


def manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())


def files_of(folder: Path, table: Any) -> str:
    return f"read_parquet({[str(folder / file['path']) for file in table['files']]})"


def rows_and_checksum(connection: duckdb.DuckDBPyConnection, folder: Path, table: Any) -> tuple[int, str]:
    columns = [Column(column["name"], column["type"]) for column in table["columns"]]
    query = f"select count(*), coalesce(sum({hash_in_duckdb(columns)}), 0) from {files_of(folder, table)}"
    [(rows, checksum)] = connection.execute(query).fetchall()
    return rows, str(checksum)


def test_every_mart_is_the_same(
    command: Callable[..., Ended], cluster: Cluster, account: Account, tmp_path: Path
) -> None:
    lake, output = export(account, "lake"), tmp_path / "on spark"
    ended = on_spark(command, cluster, lake, output)
    assert ended.code == 0, ended.err
    written, expected = manifest(output), manifest(lake)
    marts = {name: table for name, table in expected["tables"].items() if name.startswith("marts.")}
    assert written["as_of"] == expected["as_of"]
    assert written["tables"].keys() == marts.keys()
    with duckdb.connect(str(account.database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for name, table in written["tables"].items():
            for about in ("rows", "key", "comment", "columns"):
                assert table[about] == marts[name][about], (name, about)
            assert rows_and_checksum(connection, output, table) == (table["rows"], table["checksum"]), name
            found, here = read_table(connection, files_of(output, table)), read_table(connection, name)
            assert_same_rows(found, here, name, tolerance=1e-9)
    assert json.loads(ended.out)["rows"] == sum(table["rows"] for table in marts.values())
    assert {path.name for path in output.iterdir()} == {"manifest.json", "marts"}


def test_a_failed_check_removes_what_the_run_has_written(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    files, mart = RunFiles(Place(tmp_path.as_uri())), "marts.fct_portouts"

    def run() -> None:
        with session(cluster.master) as spark, marts_only_if_done(files):
            files.written(spark.sql("select 7 as id"), mart).createOrReplaceTempView(view_name(mart))
            assert list(tmp_path.rglob("*.parquet"))
            run_checks_on_spark(spark, {"no_order_is_there": f"select id from {view_name(mart)}"})

    with pytest.raises(CheckFailed, match=r"no order is there” \(1 rows, first: 7\)"):
        run()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
