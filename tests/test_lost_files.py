"""Files of a warehouse that are lost, older, damaged or copied: the next sync is complete and right, or refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import crash_process
import duckdb
import pytest
from crash_process import Crash
from portouts.commands.jobs.models import rebuild_models
from portouts.errors import NoWarehouse
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World, running
from simulated_account import API_KEY, Account, ask

pytestmark = pytest.mark.slow  # a sync after every loss

ORDERS = 30
WORKING, LOG, DLT = "working.duckdb", "working.duckdb.wal", "dlt"
# What only events show.
TIMES = (
    "select portout_id, ported_at from marts.fct_portouts where ported_at_source = 'event' order by all",
    "select portout_id, pending_at, response_hours from marts.fct_responses where measured_by = 'event' order by all",
)
Change = Callable[[Account, Account], None]


class Stages(NamedTuple):
    """One world, its warehouse after a first sync, and copies of it in different stages of a later one."""

    world: World
    first: Account
    later: dict[str, Account]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    world = World(ORDERS, seed=3)
    first = Account(world, tmp_path_factory.mktemp("first") / "portouts.duckdb", page_size=10)
    first.sync()
    pending = [order["id"] for order in world.orders() if order["status"] == "pending"]
    pending += [world.add_order(phone_numbers=[f"+131255501{number:02}"]) for number in range(12)]
    world.advance(timedelta(hours=20))
    for order_id in pending:
        world.change(order_id, status="authorized")
    world.advance(timedelta(days=2))
    return Stages(world, first, dict(_later(first, tmp_path_factory)))


def _later(first: Account, folders: pytest.TempPathFactory) -> Iterator[tuple[str, Account]]:
    published = first.copy_to(folders.mktemp("published"))
    published.sync()
    yield "published", published
    loaded = first.copy_to(folders.mktemp("loaded"))
    with pytest.raises(RuntimeError, match="the end of the work"):
        loaded.sync_interrupted_after_loading()
    yield "loaded and not published", loaded
    killed = first.copy_to(folders.mktemp("killed"))
    kill_in_the_middle(killed)
    yield "killed in the middle", killed


def kill_in_the_middle(account: Account) -> None:
    """Kill a sync when the first of its tables is merged and the others are not."""
    crash = Crash("dlt.common.storages.load_package:PackageStorage.complete_job", call=9, is_after=True)
    with running(account.app) as base_url:
        process = crash_process.start(
            *("sync", "--as-of", account.world.now.isoformat(), "--database", str(account.database)),
            output=account.database.with_suffix(".out"),
            crash=crash,
            TELNYX_API_KEY=API_KEY,
            TELNYX_BASE_URL=base_url,
        )
        process.join()
    assert process.exitcode == -9, account.database.with_suffix(".out").read_text()


def lose(*names: str) -> Change:
    """Lose files of the working folder."""

    def change(account: Account, _first: Account) -> None:
        for name in names:
            path = account.state / name
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)

    return change


def put_back(*names: str) -> Change:
    """Put back files of the working folder from a backup made after the first sync."""

    def change(account: Account, first: Account) -> None:
        lose(*names)(account, first)
        for name in names:
            path = first.state / name
            if path.is_dir():
                shutil.copytree(path, account.state / name)
            elif path.exists():
                shutil.copyfile(path, account.state / name)

    return change


def lose_published(account: Account, _first: Account) -> None:
    account.database.unlink()


def lose_all_state(account: Account, _first: Account) -> None:
    shutil.rmtree(account.database.parent / ".portouts")


def put_back_published(account: Account, first: Account) -> None:
    shutil.copyfile(first.database, account.database)


def put_back_all_state(account: Account, first: Account) -> None:
    lose_all_state(account, first)
    shutil.copytree(first.database.parent / ".portouts", account.database.parent / ".portouts")


def empty_working_file(account: Account, _first: Account) -> None:
    (account.state / WORKING).write_bytes(b"")


def damage_state_of_dlt(account: Account, _first: Account) -> None:
    (account.state / DLT / "portouts").mkdir(parents=True, exist_ok=True)
    (account.state / DLT / "portouts" / "state.json").write_text("{")


def several(*changes: Change) -> Change:
    def change(account: Account, first: Account) -> None:
        for one in changes:
            one(account, first)

    return change


CHANGES: dict[str, Change] = {
    "nothing": several(),
    "the working file lost": lose(WORKING),
    "the working file and its log lost": lose(WORKING, LOG),
    "the log lost": lose(LOG),
    "dlt's folder lost": lose(DLT),
    "dlt's state damaged": damage_state_of_dlt,
    "the working file older": put_back(WORKING),
    "the working file and its log older": put_back(WORKING, LOG),
    "the working file older, and dlt's folder lost": several(put_back(WORKING, LOG), lose(DLT)),
    "dlt's folder older": put_back(DLT),
    "the working file empty": empty_working_file,
    "the published file lost": lose_published,
    "the published file older": put_back_published,
    "the published file older, and the working file lost": several(put_back_published, lose(WORKING, LOG)),
    "the working and the published file lost": several(lose_published, lose(WORKING, LOG)),
    "the published file and dlt's folder lost": several(lose_published, lose(DLT)),
    "all working state lost": lose_all_state,
    "all working state older": put_back_all_state,
    "everything lost": several(lose_published, lose_all_state),
    "everything older": several(put_back_published, put_back_all_state),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stage", ["published", "loaded and not published", "killed in the middle"])
def test_whatever_is_lost_or_older_the_next_sync_is_complete_and_right(
    stage: str, change: str, stages: Stages, tmp_path: Path
) -> None:
    account = stages.later[stage].copy_to(tmp_path)  # which is another folder, too
    CHANGES[change](account, stages.first)
    assert account.sync().is_proven
    require_truth(account, stages.later["published"].database)


def require_truth(account: Account, whole: Path) -> None:
    """Compare the published file with the world, row by row, and its times with those of an undisturbed warehouse."""
    orders = account.world.orders()
    assert account.ask("select id, status, updated_at from raw.portouts order by all") == [
        tuple(row) for row in rows_of("select id, status, updated_at from shown order by all", orders)
    ]
    numbers = [(order["id"], number) for order in orders for number in order["phone_numbers"] or ()]
    assert account.ask("select portout_id, phone_number from raw.portout_phone_numbers order by all") == sorted(numbers)
    events = sorted(event["id"] for event in account.world.events())
    assert account.ask("select id from raw.portout_events order by all") == [(event_id,) for event_id in events]
    for query in TIMES:
        assert account.ask(query) == ask(whole, query)


# Damage


def flip(path: Path, *places: float) -> None:
    """Flip a byte at each of these shares of a file."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[int(place * (len(content) - 1))] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture
def account(stages: Stages, tmp_path: Path) -> Account:
    return stages.later["published"].copy_to(tmp_path / "account")


EVERYWHERE = [number / 40 for number in range(41)]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9], ids=str)
def test_a_sync_over_a_damaged_working_file_heals_it_from_the_published_one(place: float, account: Account) -> None:
    """Wherever the damage lies: in the head, a table, or what only a checkpoint reads."""
    flip(account.state / WORKING, place)
    outcome = account.sync()
    assert outcome.is_proven
    require_truth(account, account.database)
    with Warehouse(account.database).locked():
        pass


def test_of_a_damaged_working_file_a_note_says_what_was_done(account: Account) -> None:
    flip(account.state / WORKING, *EVERYWHERE)
    [note] = account.sync().noted
    assert "working.duckdb was damaged" in note
    assert f"made again from {account.database}" in note


def truncate(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9], ids=str)
def test_a_truncated_working_file_is_made_again(share: float, account: Account) -> None:
    truncate(account.state / WORKING, share)
    account.sync()
    require_truth(account, account.database)


def test_where_both_files_are_damaged_a_sync_refuses_and_a_rebuild_reads_everything_again(account: Account) -> None:
    whole = account.copy_to(account.database.parent / "whole").database
    flip(account.state / WORKING, *EVERYWHERE)
    flip(account.database, *EVERYWHERE)
    before = account.database.read_bytes()
    with pytest.raises(NoWarehouse, match=r"working\.duckdb is damaged.*portouts\.duckdb is damaged.*--rebuild"):
        account.sync()
    assert account.database.read_bytes() == before
    assert "All is read again" in "".join(account.sync(rebuild=True).noted)
    require_truth(account, whole)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flipped": lambda path: flip(path, *EVERYWHERE),
    "truncated": lambda path: truncate(path, 0.5),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_published_file_is_published_again(damage: str, account: Account) -> None:
    before = account.ask("from marts.fct_portouts order by all")
    DAMAGES[damage](account.database)
    assert rebuild_models(Warehouse(account.database), account.checked()).published
    assert account.ask("from marts.fct_portouts order by all") == before


def test_a_rebuild_takes_the_published_file(account: Account) -> None:
    account.spoil("delete from raw.portouts")
    [note] = account.sync(rebuild=True).noted
    assert f"made again from {account.database}" in note
    require_truth(account, account.database)


def test_files_of_two_warehouses_are_not_mixed(account: Account, tmp_path: Path) -> None:
    other = Account(World(5, seed=9), tmp_path / "other" / "portouts.duckdb")
    other.sync()
    shutil.copyfile(other.database, account.database)
    before = account.database.read_bytes()
    with pytest.raises(NoWarehouse, match="different warehouses"):
        account.sync()
    assert account.database.read_bytes() == before


def test_a_database_of_somebody_else_in_the_published_place_is_not_replaced(account: Account) -> None:
    account.database.unlink()
    with duckdb.connect(str(account.database)) as connection:
        connection.execute("create table revenue as select 1 as euros")
    with pytest.raises(NoWarehouse, match="it holds something else"):
        account.sync()
    assert ask(account.database, "from revenue") == [(1,)]


def rows_of(query: str, orders: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create table shown (id varchar, status varchar, updated_at timestamptz)")
        values = [(order["id"], order["status"], order["updated_at"]) for order in orders]
        connection.executemany("insert into shown values (?, ?, ?)", values)
        return connection.execute(query).fetchall()
