"""The runner of the SQL files: all or nothing, clear about what failed, and every name documented."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from order_histories import AS_OF, RAW_TABLES, World, create_raw
from portouts.errors import CheckFailed, ModelFailed
from portouts.records.inventory.fields import RAW_TABLES as INVENTORY_TABLES
from portouts.transform import build as models
from portouts.transform.build import build_models
from portouts.transform.checks import CheckWarning
from portouts.transform.inputs import ModelInputs
from portouts.transform.project.graph import ModelGraph, in_order, parse_reads, read_lineage
from portouts.transform.project.inventory_tables import with_empty_tables
from portouts.transform.project.model import Kind, Model, read_models
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.sql import sql_folder, transaction
from sqlglot import exp, parse_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INPUTS = ModelInputs(AS_OF)
HEADER = "/*\nOne row.\n\nkind: aggregate\n*/\n"
RAW = {*RAW_TABLES, *INVENTORY_TABLES, "syncs", "verifications", "answers"}


def raw_of_one_order() -> duckdb.DuckDBPyConnection:
    world = World()
    world.add_order(1, AS_OF - timedelta(hours=5))
    connection = duckdb.connect()
    create_raw(connection, world)
    return connection


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with raw_of_one_order() as opened:
        yield opened


@pytest.fixture(scope="module")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    """Build once for the tests that only look."""
    with raw_of_one_order() as opened:
        build_models(opened, INPUTS)
        yield opened


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the models from a copy that a test may spoil."""
    folder = tmp_path / "sql"
    shutil.copytree(sql_folder(), folder)
    monkeypatch.setattr(models, "sql_folder", lambda: folder)
    return folder


def count_orders(connection: duckdb.DuckDBPyConnection) -> int:
    [(count,)] = connection.execute("select count(*) from marts.fct_portouts").fetchall()
    return int(count)


def add_order(connection: duckdb.DuckDBPyConnection, id_: str = "second", status: str = "pending") -> None:
    connection.execute("insert into raw.portouts (id, status, inserted_at) values (?, ?, ?)", [id_, status, AS_OF])


def test_a_header_describes_only_columns_that_its_model_has(built: duckdb.DuckDBPyConnection) -> None:
    for model in read_models(sql_folder()).values():
        assert model.columns.keys() <= set(built.table(model.name).columns), model.path


def test_every_table_and_column_of_staging_and_marts_is_commented(built: duckdb.DuckDBPyConnection) -> None:
    silent = built.execute("""
        select table_name, column_name, schema_name from duckdb_columns() where comment is null
        union all select table_name, '', schema_name from duckdb_tables() where comment is null
        union all select view_name, '', schema_name from duckdb_views() where comment is null
    """).fetchall()
    assert [row for row in silent if row[2] in {"staging", "marts"}] == []
    assert any(row[2] == "raw" for row in silent)  # the query does find what has no comment


def test_a_text_of_a_column_is_written_once(built: duckdb.DuckDBPyConnection) -> None:
    """A column without a text has that of the first model or table of `raw` that it reads."""
    reads = read_lineage(built)
    texts = {
        (table, column): text
        for table, column, text in built.execute(
            "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() "
            "where comment is not null"
        ).fetchall()
    }
    repeated = [
        (model.name, column)
        for model in read_models(sql_folder()).values()
        for column, text in model.columns.items()
        if text in [texts[read, column] for read in reads[model.name] if (read, column) in texts][:1]
    ]
    assert repeated == []


def test_every_comment_on_a_table_starts_with_its_grain(built: duckdb.DuckDBPyConnection) -> None:
    comments = built.execute("""
        select comment from duckdb_tables() where schema_name in ('staging', 'marts')
        union all select comment from duckdb_views() where schema_name in ('staging', 'marts')
    """).fetchall()
    assert len(comments) == sum(name.startswith(("staging.", "marts.")) for name in read_models(sql_folder()))
    assert [comment for (comment,) in comments if not comment.startswith("One row")] == []


def graph_of(models: dict[str, Model]) -> ModelGraph:
    reads = parse_reads({name: model.select for name, model in models.items()})
    return ModelGraph(in_order(models, reads), reads)


def test_file_names_are_the_names_of_the_objects(built: duckdb.DuckDBPyConnection) -> None:
    objects = built.execute("""
        select table_schema || '.' || table_name
        from information_schema.tables
        where table_schema in ('staging', 'intermediate', 'marts')
    """).fetchall()
    assert {name for (name,) in objects} == read_models(sql_folder()).keys()


def test_a_model_follows_what_it_reads_and_only_staging_reads_raw() -> None:
    known: set[str] = set()
    models = read_models(sql_folder())
    graph = graph_of(models)
    for model in graph.models:
        reads = set(graph.reads[model.name])
        assert reads & models.keys() <= known, model.path
        assert reads - models.keys() <= {f"raw.{table}" for table in RAW}, model.path
        assert model.name.startswith("staging.") or not graph.reads_raw(model), model.path
        known.add(model.name)


def test_a_name_that_a_model_reads_has_its_schema() -> None:
    for model in read_models(sql_folder()).values():
        tree = parse_one(model.select, read="duckdb")
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        assert {table.name for table in tree.find_all(exp.Table) if not table.db} <= ctes, model.path


@pytest.mark.parametrize("name", read_models(sql_folder()))
def test_every_model_runs_by_hand_in_a_published_file(built: duckdb.DuckDBPyConnection, name: str) -> None:
    model = read_models(sql_folder())[name]
    select = with_empty_tables(model.select, ())  # a file without the inventory
    rows = built.execute(f"select count(*) from ({select}\n)").fetchall()
    if model.kind is not Kind.INPUT:
        assert rows == built.execute(f"select count(*) from {name}").fetchall()


def test_a_key_has_one_row(built: duckdb.DuckDBPyConnection) -> None:
    for model in read_models(sql_folder()).values():
        if model.key:
            keys = ", ".join(model.key)
            doubled = f"select {keys} from {model.name} group by {keys} having count(*) > 1"
            assert built.execute(doubled).fetchall() == [], model.name


def test_nothing_temporary_is_left(built: duckdb.DuckDBPyConnection) -> None:
    left = built.execute("""
        select table_name from duckdb_tables() where temporary
        union all select view_name from duckdb_views() where temporary and not internal
    """)
    assert left.fetchall() == []


def test_no_model_asks_for_the_time() -> None:
    for path in sql_folder().rglob("*.sql"):
        statement = path.read_text(encoding="utf-8")
        assert not re.search(r"\b(now\(|current_(date|time|timestamp)|localtime|today\()", statement), path.name


def test_a_warehouse_that_never_synced_says_so() -> None:
    with duckdb.connect() as empty, pytest.raises(ModelFailed, match="run `portouts sync` first"):
        build_models(empty, INPUTS)


def test_building_twice_gives_the_same_and_follows_raw(connection: duckdb.DuckDBPyConnection) -> None:
    build_models(connection, INPUTS)
    build_models(connection, INPUTS)
    assert count_orders(connection) == 1
    add_order(connection)
    build_models(connection, INPUTS)
    assert count_orders(connection) == 2


def test_a_broken_model_names_its_file_and_leaves_the_old_marts(
    connection: duckdb.DuckDBPyConnection, sql: Path
) -> None:
    build_models(connection, INPUTS)
    add_order(connection)
    (sql / "marts/volumes/agg_portouts.sql").write_text(f"{HEADER}select nothing")
    with pytest.raises(ModelFailed, match=r"volumes/agg_portouts\.sql: .*nothing"):
        build_models(connection, INPUTS)
    assert count_orders(connection) == 1
    assert connection.execute("select as_of from staging.model_inputs").fetchall() == [(AS_OF,)]


GROUPED = "/*\nOne row.\n\nkind: aggregate\nkey: day\ngroups: {}\n*/\nselect current_date as day"
NOT_HELD = "staging.stg_portouts, which is neither a table per order nor a view on such tables"


@pytest.mark.parametrize(
    ("groups", "error"),
    [
        ("received_on of staging.stg_portouts", NOT_HELD),  # shows raw, where the earlier rows are gone
        ("received_on of marts.no_such_model", "marts.no_such_model, which is neither"),
        ("received_on", "`groups: <expression> of <model>` needs an aggregate with a key"),
    ],
)
def test_groups_come_from_rows_that_are_held_until_a_build_replaces_them(
    connection: duckdb.DuckDBPyConnection, sql: Path, groups: str, error: str
) -> None:
    (sql / "marts/volumes/agg_portouts.sql").write_text(GROUPED.format(groups))
    with pytest.raises(ModelFailed, match=f"agg_portouts.*{error}"):
        build_models(connection, INPUTS)


def test_a_failing_check_names_its_sentence_rows_ids_and_cure_and_leaves_the_old_marts(
    connection: duckdb.DuckDBPyConnection, sql: Path
) -> None:
    build_models(connection, INPUTS)
    add_order(connection, "a-b-c")
    (sql / "checks/orders/orders_have_long_names.sql").write_text(
        "-- Give it\n-- a longer name.\nselect portout_id from marts.fct_portouts where length(portout_id) < 9"
    )
    with pytest.raises(CheckFailed) as failure:
        build_models(connection, INPUTS)
    assert str(failure.value) == "not true: “orders have long names” (1 rows, first: a-b-c). Give it a longer name."
    assert count_orders(connection) == 1


def test_an_object_whose_file_is_gone_disappears(connection: duckdb.DuckDBPyConnection, sql: Path) -> None:
    extra = sql / "marts/volumes/rpt_extra.sql"
    extra.write_text(f"{HEADER}select 1 as one")
    build_models(connection, INPUTS)
    assert connection.table("marts.rpt_extra").fetchall() == [(1,)]
    extra.unlink()
    build_models(connection, INPUTS)
    with pytest.raises(duckdb.CatalogException):
        connection.table("marts.rpt_extra")


def test_a_doubled_order_fails_the_build(connection: duckdb.DuckDBPyConnection) -> None:
    add_order(connection)
    add_order(connection)
    with pytest.raises(CheckFailed, match=r"every order is in fct portouts once.*first: second"):
        build_models(connection, INPUTS)


def test_what_is_only_odd_warns_and_is_kept(connection: duckdb.DuckDBPyConnection) -> None:
    add_order(connection, status="on-hold")
    connection.execute(
        "insert into raw.portout_events (id, event_type, portout_id, payload__status, created_at)"
        " values ('e1', 'portout.status_changed', 'second', 'rejected-pending', ?),"
        " ('e2', 'portout.new_comment', 'nobody', null, ?)",
        [AS_OF - timedelta(hours=1), AS_OF],
    )
    warnings = build_models(connection, INPUTS)
    assert [(warning.sentence, warning.row_count, warning.first_ids) for warning in warnings] == [
        ("every event belongs to an order", 1, ("nobody",)),
        ("every status is known", 1, ("second",)),
        ("no response comes before its request", 1, ("second",)),
    ]
    assert count_orders(connection) == 2


def test_a_warning_reads_as_a_sentence() -> None:
    warning = CheckWarning("every status is known", 3, ("a", "b"), "Look.")
    assert str(warning) == "not true: “every status is known” (3 rows, first: a, b). Look."


def test_an_order_with_hardly_any_field_still_builds(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("insert into raw.portouts (id) values ('bare')")
    warnings = build_models(connection, INPUTS)
    assert {warning.sentence for warning in warnings} == {"every order has inserted at", "every status is known"}
    [row] = connection.execute(
        "select status, is_open, carrier_id from marts.fct_portouts where portout_id = 'bare'"
    ).fetchall()
    assert row == (None, True, "unknown")


def test_a_book_made_by_an_older_version_gains_the_columns_it_lacks(connection: duckdb.DuckDBPyConnection) -> None:
    create_metadata(connection)
    columns = set(connection.table("raw.verifications").columns)
    connection.execute("alter table raw.verifications drop column events_missing")
    create_metadata(connection)
    assert sorted(connection.table("raw.verifications").columns) == sorted(columns)


def test_a_commit_that_fails_says_why(tmp_path: Path) -> None:
    """And is not hidden by what ending its transaction says."""
    with duckdb.connect(str(tmp_path / "one.duckdb")) as connection, connection.cursor() as other:
        connection.execute("create table keys (key integer primary key)")

        def insert_what_another_inserts() -> None:
            with transaction(connection):
                connection.execute("insert into keys values (1)")
                other.execute("insert into keys values (1)")

        with pytest.raises(duckdb.TransactionException, match="Failed to commit"):
            insert_what_another_inserts()
        assert connection.execute("from keys").fetchall() == [(1,)]
