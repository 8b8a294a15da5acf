"""The source on its own: in a script, in a notebook, with some of its tables, into another destination."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import textwrap
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import dlt
import duckdb
import pytest
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from portouts.errors import SettingsError
from portouts.extract.state import SyncState
from portouts.load import source as room
from portouts.load.connection import Connection
from portouts.load.settings.settings import read_source_settings
from portouts.load.source import telnyx_source
from portouts.telnyx.queries import OPEN_STATUSES, Axis
from portouts.windows import BEGINNING
from portouts_sandbox import World, create_app, running
from simulated_account import API_KEY, BASE_URL, Account, ask

TABLES = ["portout_events", "portout_observations", "portout_phone_numbers", "portout_ported_ranges", "portouts"]


@pytest.fixture(autouse=True)
def quiet_dlt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "ERROR")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(World(60, seed=8), tmp_path / "alone.duckdb")


def source_of(account: Account, **settings: Any) -> DltSource:
    settings = {"page_size": 10, **settings}
    return telnyx_source(API_KEY, BASE_URL, as_of=account.world.now, open_client=account.open_client, **settings)


def duckdb_pipeline(account: Account) -> dlt.Pipeline:
    return dlt.pipeline(
        "alone",
        destination=dlt.destinations.duckdb(str(account.database)),
        dataset_name="raw",
        pipelines_dir=str(account.database.parent / "dlt"),
    )


def loaded_tables(database: Path) -> list[str]:
    query = "select table_name from duckdb_tables() where schema_name = 'raw' and table_name[:1] <> '_' order by all"
    return [name for (name,) in ask(database, query)]


# The script of the docstring, as it stands there


class Script(NamedTuple):
    world: World
    database: Path
    requests: list[int]
    """How many the script made when run first, and when run again."""
    added: str
    changed: str


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Script:
    assert room.__doc__
    lines = [line for line in room.__doc__.splitlines() if line.startswith("    ") or not line][1:]
    text = textwrap.dedent("\n".join(lines)).strip()
    assert text.splitlines()[0] == "import dlt"
    assert len([line for line in text.splitlines() if line]) <= 5
    folder = tmp_path_factory.mktemp("script")
    (folder / "load_portouts.py").write_text(text)
    # The script reads up to the machine's now, so the world stands there too; a `Date` has whole seconds.
    now = datetime.now(UTC).replace(microsecond=0)
    world = World(200, seed=8, starts_at=now - timedelta(days=200), now=now)
    changed = next(order["id"] for order in world.orders() if order["status"] in OPEN_STATUSES)
    app, requests, added = create_app(world, api_key=API_KEY), [], ""
    with running(app) as base_url:
        environment = {**os.environ, "TELNYX_API_KEY": API_KEY, "TELNYX_BASE_URL": base_url}
        environment["SOURCES__TELNYX__PAGE_SIZE"] = "10"
        environment["DLT_DATA_DIR"] = str(folder / ".dlt-data")
        for _ in range(2):
            app.state.requests.clear()
            subprocess.run([sys.executable, "load_portouts.py"], cwd=folder, env=environment, check=True)
            requests.append(len(app.state.requests))
            if not added:
                added = world.add_order(inserted_at=now)
                world.change(changed, status="canceled", event=False)
    return Script(world, folder / "portouts.duckdb", requests, added, changed)


@pytest.mark.slow
def test_the_script_of_the_docstring_loads_every_table(script: Script) -> None:
    assert loaded_tables(script.database) == TABLES


def test_the_script_run_again_brings_what_changed_and_doubles_nothing(script: Script) -> None:
    held = ask(script.database, "select id, status from raw.portouts order by id")
    assert held == sorted((order["id"], order["status"]) for order in script.world.orders())
    assert {(script.added, "pending"), (script.changed, "canceled")} <= set(held)
    assert len(ask(script.database, "from raw._dlt_loads where status = 0")) == 2
    first, second = script.requests
    assert second < first / 2


# In a program that hands in a client


def test_the_state_lies_in_the_destination_and_makes_the_next_run_cheap(account: Account) -> None:
    duckdb_pipeline(account).run(source_of(account))
    shutil.rmtree(account.database.parent / "dlt")
    first = len(account.app.state.requests)
    account.world.advance(timedelta(days=1))
    duckdb_pipeline(account).run(source_of(account))
    assert len(account.app.state.requests) - first < first / 2
    held = ask(account.database, "select id, status from raw.portouts order by id")
    assert held == sorted((order["id"], order["status"]) for order in account.world.orders())


def test_one_resource_can_be_taken_alone(account: Account) -> None:
    duckdb_pipeline(account).run(source_of(account).with_resources("portouts"))
    assert loaded_tables(account.database) == ["portouts"]
    assert ask(account.database, "select count(*) from raw.portouts") == [(60,)]


def test_every_page_is_fetched_once_however_many_tables_are_taken(account: Account, tmp_path: Path) -> None:
    duckdb_pipeline(account).run(source_of(account))
    all_tables = sorted(account.app.state.requests)
    other = Account(account.world, tmp_path / "other" / "alone.duckdb")
    other.database.parent.mkdir()
    duckdb_pipeline(other).run(source_of(other).with_resources("portout_phone_numbers"))
    assert sorted(other.app.state.requests) == all_tables


def test_it_loads_files_too(account: Account, tmp_path: Path) -> None:
    pipeline = dlt.pipeline(
        "files",
        destination=dlt.destinations.filesystem((tmp_path / "lake").as_uri()),
        dataset_name="raw",
        pipelines_dir=str(tmp_path / "dlt"),
    )
    for _ in range(2):
        pipeline.run(source_of(account), loader_file_format="parquet")
    files = [str(path) for path in (tmp_path / "lake" / "raw" / "portouts").glob("*.parquet")]
    assert duckdb.execute(f"select count(distinct id) from read_parquet({files})").fetchall() == [(60,)]


def test_it_runs_where_an_event_loop_runs_already(account: Account) -> None:
    async def cell_of_a_notebook() -> None:
        duckdb_pipeline(account).run(source_of(account))

    asyncio.run(cell_of_a_notebook())
    assert ask(account.database, "select count(*) from raw.portouts") == [(60,)]


def test_an_error_of_the_api_reaches_the_script(account: Account) -> None:
    account.app = create_app(account.world, api_key="KEY_ANOTHER")
    with pytest.raises(PipelineStepFailed, match="Authentication failed") as caught:
        duckdb_pipeline(account).run(source_of(account))
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


def test_without_a_key_it_says_where_to_put_one() -> None:
    with pytest.raises(SettingsError, match="TELNYX_API_KEY"):
        telnyx_source()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"page_size": 0}, "page_size"),
        ({"page_size": 251}, "page_size"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"overlap_minutes": -1}, "overlap_minutes"),
        ({"request_deadline_seconds": 9}, "request_deadline_seconds"),
        ({"sync_deadline_minutes": -1}, "sync_deadline_minutes"),
        ({"pii": "blur"}, "pii"),
        ({"start_date": "spring"}, "start_date"),
    ],
    ids=[
        "no rows",
        "too many rows",
        "no such zone",
        "no connection",
        "negative overlap",
        "no patience",
        "an end before the beginning",
        "no such way",
        "no date",
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        telnyx_source("KEY_FAKE", **settings)


def test_the_deadlines_hold_for_all_clients_of_a_sync() -> None:
    settings = read_source_settings("KEY_FAKE", request_deadline_seconds=20, sync_deadline_minutes=3)
    connection = Connection(settings)
    one, other = connection.open(), connection.open()
    assert one.deadline is other.deadline
    assert (one.deadline.request_seconds, one.deadline.sync_seconds, other.rate_limit.longest_wait) == (20, 180, 20)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"since": datetime(2026, 5, 2, tzinfo=UTC)},
            "--since 2026-05-02T00:00:00+00:00 lies after --as-of 2026-05-01",
        ),
        ({"start_date": "2026-05-02"}, "start_date 2026-05-02T00:00:00+00:00 lies after --as-of 2026-05-01"),
        ({"as_of": datetime(1990, 1, 1, tzinfo=UTC)}, "--as-of 1990-01-01T00:00:00+00:00 lies before 2009-01-01"),
    ],
    ids=["since", "start_date", "as of"],
)
def test_a_range_that_ends_before_it_begins_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        telnyx_source("KEY_FAKE", **{"as_of": datetime(2026, 5, 1, tzinfo=UTC), **asked})


def test_orders_are_read_again_whatever_start_date_has_become() -> None:
    as_of, start = datetime(2026, 5, 1, tzinfo=UTC), "2026-05-02"
    assert telnyx_source("KEY_FAKE", as_of=as_of, start_date=start, reread={"order-1": None}).name == "telnyx"


@pytest.mark.parametrize("since", ["0001-01-01", "1999-12-31", "2009-01-01"])
def test_a_day_before_the_first_number_asks_for_all_there_is(since: str, account: Account) -> None:
    pipeline = duckdb_pipeline(account)
    pipeline.run(source_of(account, start_date=since))
    state = SyncState.from_json(pipeline.state["sources"]["telnyx"]["sync"])
    assert (state.start, state.covered[Axis.INSERTED][0].start) == (BEGINNING, BEGINNING)
    assert ask(account.database, "select count(*) from raw.portouts") == [(60,)]


def test_all_clients_of_a_sync_share_the_rate_limit() -> None:
    connection = Connection(read_source_settings(API_KEY, BASE_URL))
    assert connection.open().rate_limit is connection.open().rate_limit
