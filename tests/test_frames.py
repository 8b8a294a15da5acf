"""pandas on the published file: cheap to import, read-only, and every column has the type of its meaning."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import portouts
import pytest
from portouts.errors import NotPublished
from portouts.report.frames import VOCABULARIES, UnknownMart, to_dataframe
from published_warehouses import publish_account, publish_small

DTYPES = {
    "BIGINT": "Int64",
    "BOOLEAN": "boolean",
    "DATE": "datetime64[ms]",
    "DOUBLE": "float64",
    "TIMESTAMP WITH TIME ZONE": "datetime64[us, UTC]",
    "VARCHAR": "string",
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_account(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_small("empty", tmp_path_factory.mktemp("empty"))


def imported_by(script: str, *names: str) -> set[str]:
    """Run a script in a process of its own and return which of these modules it imported."""
    code = f"{script}\nimport sys\nprint(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


# What it costs


def test_importing_portouts_imports_nothing_slow() -> None:
    assert imported_by("import portouts", "dlt", "duckdb", "numpy", "pandas", "pyarrow", "matplotlib") == set()


def test_what_analysts_use_needs_neither_dlt_nor_matplotlib_and_pandas_only_for_a_frame() -> None:
    names = ("dlt", "httpx", "matplotlib", "pandas")
    assert imported_by("from portouts import connect, mart", *names) == set()
    frame = "import duckdb; from portouts.report.frames import to_dataframe; to_dataframe(duckdb.sql('select 1'))"
    assert imported_by(frame, *names) == {"pandas"}


def test_portouts_offers_what_analysts_use_and_nothing_unknown() -> None:
    assert {"connect", "mart", "marts"} <= set(dir(portouts))
    with pytest.raises(AttributeError, match="no attribute 'table'"):
        portouts.table  # noqa: B018 - reading it is the test


# Which file


def test_without_a_path_the_environment_names_the_file(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTOUTS_DATABASE", str(published))
    with portouts.connect() as connection:
        [(orders,)] = connection.execute("select count(*) from marts.fct_portouts").fetchall()
    assert len(portouts.mart("fct_portouts")) == orders > 400


def test_without_either_it_is_the_default_in_this_folder(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copyfile(published, tmp_path / "data" / "portouts.duckdb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORTOUTS_DATABASE", raising=False)
    assert len(portouts.mart("rpt_sync")) == 2


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match=r"no\.duckdb does not exist.*portouts sync.*PORTOUTS_DATABASE"):
        portouts.connect(tmp_path / "no.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_warehouse_is_refused(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("This is no database.\n" * 500)
    with pytest.raises(NotPublished, match="no warehouse of portouts"):
        portouts.mart("rpt_sync", letter)


def test_an_unknown_mart_is_answered_with_the_marts_there_are(published: Path) -> None:
    with pytest.raises(UnknownMart, match=r"'portouts_daily'; there are agg_.*, fct_portouts, .*rpt_sync"):
        portouts.mart("portouts_daily", published)


def test_the_marts_are_listed_with_what_one_row_is(published: Path) -> None:
    marts = portouts.marts(published)
    assert marts["fct_portouts"] == "One row per port-out order, as the API shows it at as_of"
    assert [name for name, grain in marts.items() if not grain.startswith("One row per ")] == []


def test_a_mart_may_be_named_with_its_schema(published: Path) -> None:
    pd.testing.assert_frame_equal(
        portouts.mart("marts.agg_portouts_daily", published), portouts.mart("agg_portouts_daily", published)
    )


# How it is read


def test_the_connection_reads_only_and_speaks_utc(published: Path) -> None:
    with portouts.connect(published) as connection:
        assert connection.execute("select current_setting('timezone')").fetchall() == [("UTC",)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("delete from raw.portouts")


def test_a_connection_goes_on_showing_its_version_when_another_is_published(
    published: Path, empty: Path, tmp_path: Path
) -> None:
    database = tmp_path / "warehouse.duckdb"
    shutil.copyfile(published, database)
    with portouts.connect(database) as connection:
        shutil.copyfile(empty, tmp_path / "next.duckdb")
        (tmp_path / "next.duckdb").replace(database)
        assert len(portouts.mart("fct_portouts", connection=connection)) > 400
    assert portouts.mart("fct_portouts", database).empty


@pytest.mark.parametrize("warehouse", ["published", "empty"])
def test_every_column_of_every_mart_has_the_type_of_its_meaning(warehouse: str, request: pytest.FixtureRequest) -> None:
    with portouts.connect(request.getfixturevalue(warehouse)) as connection:
        columns = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = 'marts'"
        ).fetchall()
        marts = {name: portouts.mart(name, connection=connection) for name in portouts.marts(connection=connection)}
    wanted = {
        (mart, column): "category" if column in VOCABULARIES else DTYPES[sql_type] for mart, column, sql_type in columns
    }
    found = {(mart, column): str(dtype) for mart, frame in marts.items() for column, dtype in frame.dtypes.items()}
    assert found == wanted


def test_values_are_those_of_the_mart(published: Path) -> None:
    frame = portouts.mart("rpt_open_orders", published)
    with portouts.connect(published) as connection:
        rows = connection.execute("select support_key, deadline_at, number_count from marts.rpt_open_orders").fetchall()
    assert len(rows) > 1
    assert list(zip(frame.support_key, frame.deadline_at, frame.number_count, strict=True)) == rows


# Vocabularies


def test_every_word_of_the_marts_is_kept(published: Path) -> None:
    statuses = portouts.mart("fct_portouts", published).status
    with portouts.connect(published) as connection:
        counts = connection.execute("select status, count(*) from marts.fct_portouts group by status").fetchall()
    assert {str(name): count for name, count in statuses.value_counts().items() if count} == dict(counts)
    assert list(statuses.cat.categories) == list(VOCABULARIES["status"])


def test_a_word_that_nobody_knows_becomes_one_more_category() -> None:
    with duckdb.connect() as connection:
        query = "select unnest(['pending', 'on-hold', null, 'pending', 'barred']) as status"
        statuses = to_dataframe(connection.sql(query)).status
    assert statuses.astype("string").fillna("?").to_list() == ["pending", "on-hold", "?", "pending", "barred"]
    assert list(statuses.cat.categories) == [*VOCABULARIES["status"], "barred", "on-hold"]


def test_what_is_more_urgent_sorts_first_and_compares_as_less() -> None:
    with duckdb.connect() as connection:
        query = "select unnest(['ample', 'overdue', 'soon', 'critical']) as urgency"
        urgency = to_dataframe(connection.sql(query)).urgency
    assert urgency.sort_values().to_list() == ["overdue", "critical", "soon", "ample"]
    assert urgency[urgency <= "critical"].to_list() == ["overdue", "critical"]
