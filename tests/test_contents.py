"""Contents of large tables are kept from one publication to the next, and always equal what a full reading finds."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from portouts.report.status import read_status
from portouts.warehouse.contents import checksums
from portouts.warehouse.contents.checksums import ContentsReader, Parts, read_contents
from portouts.warehouse.contents.parts import ROWS_OF_A_PART
from portouts_sandbox import World
from simulated_account import Account

ROWS = 2 * ROWS_OF_A_PART + 50_000
MAKE = f"""
create schema raw;
create table raw.orders as
select
    range as number, md5(range::varchar) as id, case range % 3 when 0 then 'open' when 1 then 'ported' end as status,
    range % 2 = 0 as is_odd,
    7 as constant, [range, range % 7] as places, {{'name': 'Carrier ' || range % 50}} as carrier,
    timestamptz '2026-01-01 00:00:00+00' + range * interval 1 second as inserted_at
from range({ROWS});
checkpoint;
"""
CHANGES = {
    "nothing": "select 1",
    "a row added": "insert into raw.orders from raw.orders limit 1",
    "a row deleted": "delete from raw.orders where number = 5",
    "another row deleted": "delete from raw.orders where number = 200000",
    "one deleted, an equal number added": "delete from raw.orders where number = 5; "
    "insert into raw.orders from raw.orders where number = 6",
    "a text replaced": "update raw.orders set id = md5('other') where number = 140000",
    "a value set to null": "update raw.orders set status = null where number = 3",
    "a null set": "update raw.orders set status = 'open' where number = 2",
    "a list replaced": "update raw.orders set places = [1, 2, 3] where number = 7",
    "a part of a struct replaced": "update raw.orders set carrier = {'name': 'Other'} where number = 8",
    "a constant replaced": "update raw.orders set constant = 8",
    "a column added": "alter table raw.orders add column extra varchar",
    "a column dropped": "alter table raw.orders drop column status",
    "a column renamed": "alter table raw.orders rename status to state",
    "a column's type changed": "alter table raw.orders alter number type varchar",
    "rows in another order": "create or replace table raw.orders as from raw.orders order by id",
    "most rows deleted": "delete from raw.orders where number between 10 and 200000",
    "all rows deleted": "delete from raw.orders",
    "all rows replaced by others": "begin; delete from raw.orders where true; "
    "insert into raw.orders select * replace (id || 'x' as id) from raw.orders; commit",
    "the table replaced by another": "drop table raw.orders; create table raw.orders as select range as id "
    "from range(20000)",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "made.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(MAKE)
    return path


@pytest.fixture
def connection(made: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(shutil.copyfile(made, tmp_path / "made.duckdb")) as connection:
        yield connection


def parts_of(connection: duckdb.DuckDBPyConnection) -> Parts:
    reader = ContentsReader()
    assert reader.read(connection) == read_contents(connection)
    return reader.parts


@pytest.mark.parametrize("is_written", [True, False], ids=["written to the file", "in the log"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_what_was_kept_leads_to_the_contents_of_a_full_reading(
    change: str, is_written: bool, connection: duckdb.DuckDBPyConnection
) -> None:
    known, before = parts_of(connection), read_contents(connection)
    connection.execute(CHANGES[change])
    if is_written:
        connection.execute("checkpoint")
    after = read_contents(connection)
    assert ContentsReader(known).read(connection) == after
    assert (after == before) == (change in ("nothing", "a column renamed", "rows in another order"))


def test_only_the_parts_that_changed_are_read_again(connection: duckdb.DuckDBPyConnection) -> None:
    known = parts_of(connection)
    assert len(known) == 3
    connection.execute("insert into raw.orders from raw.orders limit 5; checkpoint")
    reader = ContentsReader(known)
    reader.read(connection)
    assert len(reader.parts.keys() - known.keys()) == 1
    connection.execute("create table raw.others as from range(5); checkpoint")
    assert ContentsReader(reader.parts).read(connection)["raw.orders"] == (ROWS + 5, *rest(connection))
    again = ContentsReader(reader.parts)
    again.read(connection)
    assert again.parts == reader.parts


def rest(connection: duckdb.DuckDBPyConnection) -> list[int]:
    [(checksum,)] = connection.execute("select sum(hash(orders)) from raw.orders").fetchall()
    return [int(checksum)]


def test_blocks_that_are_used_again_for_other_rows_do_not_pass_for_the_former_ones(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    known: Parts = {}
    for number in range(8):
        connection.execute(f"update raw.orders set id = md5('{number}') where number = 140000; checkpoint")
        reader = ContentsReader(known)
        assert reader.read(connection) == read_contents(connection)
        known = {**known, **reader.parts}


def test_of_two_files_that_lost_one_row_each_neither_passes_for_the_other(
    connection: duckdb.DuckDBPyConnection, made: Path, tmp_path: Path
) -> None:
    connection.execute("delete from raw.orders where number = 5; checkpoint")
    with duckdb.connect(shutil.copyfile(made, tmp_path / "other.duckdb")) as other:
        other.execute("delete from raw.orders where number = 6; checkpoint")
        assert ContentsReader(parts_of(connection)).read(other) == read_contents(other)


STEPS = [
    "insert into raw.orders from raw.orders where number % 977 = {0}",
    "delete from raw.orders where number = {0}",
    "delete from raw.orders where number between {0} and {0} + 30000",
    "update raw.orders set status = '{1}' where number between {0} and {0} + 2",
    "update raw.orders set number = -number where number = {0}",
    "begin; delete from raw.orders where number < {0} % 100; rollback",
    "create or replace table raw.others as from raw.orders where number < {0}",
]


@pytest.mark.parametrize("seed", range(6))
def test_through_any_history_of_changes_the_contents_are_those_of_a_full_reading(
    seed: int, connection: duckdb.DuckDBPyConnection
) -> None:
    """Blocks of the file become free and are used again meanwhile."""
    draw, known = random.Random(seed), parts_of(connection)
    for _ in range(15):
        connection.execute(draw.choice(STEPS).format(draw.randrange(ROWS), draw.choice(["open", "ported"])))
        if draw.random() < 0.8:
            connection.execute("checkpoint")
        reader = ContentsReader(known)
        assert reader.read(connection) == read_contents(connection)
        known = {**known, **reader.parts} if draw.random() < 0.5 else reader.parts


# In whole syncs


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Make an account whose tables all count as large."""
    monkeypatch.setattr(checksums, "SMALL", -1)
    account = Account(World(60, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    return account


def require_certified(account: Account) -> None:
    assert read_status(account.database, account.world.now, check=True).content_checksum


@pytest.mark.slow
def test_the_checksum_of_a_certificate_is_that_of_a_full_reading_after_every_sync(account: Account) -> None:
    for hours in (0, 1, 1, 5, 30):
        account.world.advance(timedelta(hours=hours))
        account.sync()
        require_certified(account)


def change_unnoticed(path: Path) -> None:
    """Damage a file so that neither its size nor its times show it, as a disk does."""
    before, content = path.stat(), bytearray(path.read_bytes())
    for number in range(5, 95):
        content[number * len(content) // 100] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.slow
def test_damage_that_nothing_shows_is_found_within_a_day(account: Account) -> None:
    change_unnoticed(account.state / "working.duckdb")
    account.world.advance(timedelta(days=1))
    assert "was damaged" in "".join(account.sync().noted)
    require_certified(account)


@pytest.mark.slow
def test_a_working_file_that_another_program_has_changed_is_read_whole(account: Account) -> None:
    account.spoil("update raw.portouts set carrier_name = 'Another' where status = 'ported'")
    account.sync()
    require_certified(account)
    assert account.ask("select distinct carrier_name from raw.portouts where status = 'ported'") == [("Another",)]


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"{", b'{"parts": {"a": [1, "b"]}}', None], ids=str)
def test_without_what_was_kept_everything_is_read(content: bytes | None, account: Account) -> None:
    kept = account.state / "contents.json"
    kept.unlink()
    if content is not None:
        kept.write_bytes(content)
    account.sync()
    require_certified(account)
    assert kept.stat().st_size > 100
