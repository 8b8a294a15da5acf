"""The inventory in a warehouse: what whole syncs hold of the account's phone numbers, and never hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import msgspec
import pytest
from portouts.load.source import telnyx_source
from portouts_sandbox import World
from portouts_sandbox.story.holdings import tags_of
from simulated_account import API_KEY, BASE_URL, Account, ask

SLIM = "GET /phone_numbers/slim"
TABLES = ("phone_numbers", "phone_number_observations", "phone_number_counts", "phone_number_lists")


def account_of(folder: Path, world: World, **settings: Any) -> Account:
    return Account(world, folder / "account.duckdb", settings={"inventory": True, **settings})


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = account_of(tmp_path_factory.mktemp("inventory"), World(25, seed=4), page_size=50)
    account.sync()
    return account


def listed(account: Account) -> dict[str, dict[str, Any]]:
    """Return the numbers that the API lists now."""
    return {number.fields["id"]: number.fields for number in account.world.inventory.numbers()}


def held(account: Account, condition: str = "missing_since is null") -> dict[str, tuple[Any, ...]]:
    columns = "id, phone_number, status, customer_reference, has_pin"
    rows = account.ask(f"select {columns} from raw.phone_numbers where {condition}")
    return {number_id: tuple(row) for number_id, *row in rows}


def expected(account: Account) -> dict[str, tuple[Any, ...]]:
    names = ("phone_number", "status", "customer_reference")
    return {
        number_id: (*(number[name] for name in names), number["external_pin"] is not None)
        for number_id, number in listed(account).items()
    }


def test_a_sync_holds_every_number_as_the_api_lists_it(synced: Account) -> None:
    assert len(expected(synced)) > 50
    assert held(synced) == expected(synced)
    assert synced.ask("select numbers, is_proven from raw.phone_number_lists") == [(len(expected(synced)), True)]


def texts_of(path: Path) -> str:
    """Return every value of every table of a DuckDB file as text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return "\n".join(str(connection.execute(f'from "{schema}"."{name}"').fetchall()) for schema, name in tables)


def test_the_pin_of_a_number_is_found_nowhere(synced: Account) -> None:
    pins = [number["external_pin"] for number in listed(synced).values() if number["external_pin"]]
    assert len(pins) > 10
    assert synced.ask("select count(*) from raw.phone_numbers where has_pin") == [(len(pins),)]
    assert not any("canary" in texts_of(path) for path in (synced.database, synced.state / "working.duckdb"))
    files = [path for path in synced.database.parent.rglob("*") if path.is_file()]
    assert not any(b"canary" in path.read_bytes() for path in files)


def test_without_the_setting_nothing_of_it_appears_and_with_it_a_sync_without_change_takes_eight_requests_more(
    tmp_path: Path,
) -> None:
    accounts = account_of(tmp_path, World(5)), Account(World(5), tmp_path / "without" / "account.duckdb")
    requests = []
    for account in accounts:
        account.sync()
        [(loads,)] = account.ask("select count(*) from raw._dlt_loads")
        requests.append(account.sync().report.requests)
        assert account.ask("select count(*) from raw._dlt_loads") == [(loads,)]
    assert requests[0] - requests[1] == 8
    account, without = accounts
    assert account.ask("select count(*) from raw.phone_number_lists") == [(1,)]
    assert SLIM not in without.app.state.requests
    of_inventory = "table_name like 'phone_number%' or column_name = 'has_pin'"
    assert without.ask(f"from duckdb_columns() where schema_name = 'raw' and ({of_inventory})") == []


def test_numbers_that_change_come_disappear_and_come_back_are_history(tmp_path: Path) -> None:
    account = account_of(tmp_path, World(25, seed=4))
    account.sync()
    before, first = listed(account), account.world.now
    kept = next(number_id for number_id, number in before.items() if number["status"] == "active")
    account.world.inventory.remove(kept)
    account.world.advance(timedelta(days=65))
    account.sync()
    after, gone = listed(account), held(account, "missing_since is not null")
    assert held(account) == expected(account)
    assert gone.keys() == before.keys() - after.keys() >= {kept}
    history = "select phone_number_id, is_listed from raw.phone_number_observations where "
    news = account.ask(f"{history} seen_at > '{first}'")
    changed = {number_id for number_id in after if before.get(number_id) != after[number_id]}
    assert sorted(news) == sorted([*((one, True) for one in changed), *((one, False) for one in gone)])
    account.world.inventory.add(**before[kept])
    account.world.advance(timedelta(days=1))
    account.sync()
    assert held(account, "missing_since is not null").keys() == gone.keys() - {kept}
    assert account.ask(f"{history} phone_number_id = '{kept}' order by seen_at") == [
        (kept, True),
        (kept, False),
        (kept, True),
    ]


def test_hashed_numbers_and_references_of_the_inventory_join_with_those_of_orders(tmp_path: Path) -> None:
    account = account_of(tmp_path, World(25, seed=4), pii="hash", pii_salt="a salt of the tests")
    account.sync()
    text = "\n".join(str(account.ask(f"from raw.{table}")) for table in TABLES)
    assert account.ask("select count(*) from raw.phone_numbers where tags is not null") == [(0,)]
    assert not any(number["phone_number"] in text for number in listed(account).values())
    assert "CUST-" not in text
    joined = "select count(*) > 0 from raw.phone_numbers join raw.portout_phone_numbers using (phone_number)"
    assert account.ask(joined) == [(True,)]


def test_tags_are_read_if_asked_for_and_are_history_and_personal(tmp_path: Path) -> None:
    account = account_of(tmp_path, World(5), inventory_tags=True, pii="hash", pii_salt="a salt of the tests")
    account.sync()
    privacy = account.checked().source.privacy
    tags = {id_: sorted(tags_of(id_)) for id_ in listed(account)}
    expected = {id_: privacy.mask(msgspec.json.encode(own).decode()) for id_, own in tags.items() if own}
    assert len(expected) > 3
    for query in ("select id, tags from raw.phone_numbers", "select phone_number_id, tags from marts.dim_numbers"):
        assert dict(account.ask(f"{query} where tags is not null")) == expected
    account.world.advance(timedelta(hours=1))
    account.sync(settings={"inventory_tags": False}, full=True)
    assert account.ask("select count(tags) from raw.phone_numbers") == [(0,)]
    assert account.ask("select count(*) from raw.phone_number_observations where tags is null") == [(len(tags),)]


def test_a_warehouse_from_before_tags_is_built_and_gets_them(tmp_path: Path) -> None:
    account = account_of(tmp_path, World(5), inventory_tags=True)
    account.sync()
    for table in ("phone_numbers", "phone_number_observations"):
        account.spoil(f"alter table raw.{table} drop column tags")
    account.spoil("drop schema staging cascade; drop schema intermediate cascade; drop schema marts cascade")
    account.world.advance(timedelta(hours=1))
    account.sync()
    assert account.ask("select count(tags) from marts.dim_numbers") == [(0,)]
    account.world.advance(timedelta(days=1))
    account.sync()
    assert account.ask("select count(tags) > 3 from marts.dim_numbers") == [(True,)]


def test_the_source_reads_the_inventory_for_any_pipeline(tmp_path: Path) -> None:
    account, settings = account_of(tmp_path, World(5)), {"inventory": True}
    source = telnyx_source(
        API_KEY,
        BASE_URL,
        open_client=account.open_client,
        as_of=account.world.now,
        **settings,  # type: ignore[arg-type]  # a setting, and none of the named arguments
    )
    assert {*TABLES} <= source.resources.keys()
    own = dlt.destinations.duckdb(str(tmp_path / "own.duckdb"))
    dlt.pipeline("numbers", destination=own, pipelines_dir=str(tmp_path / "dlt"), dataset_name="raw").run(source)
    assert ask(tmp_path / "own.duckdb", "select count(*) from raw.phone_numbers") == [(len(listed(account)),)]
