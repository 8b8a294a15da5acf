"""A sync and a verification as a user runs them: in processes of their own, in one folder, in three time zones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import portouts_command
import pytest
from portouts.records.time_zones import rules_version
from portouts_command import Ended
from portouts_sandbox import World, create_app, running
from simulated_account import ask

pytestmark = pytest.mark.slow  # starts a process for each kind of sync

ORDERS = 120


class Synced(NamedTuple):
    """What three syncs of one account left, and how two others failed, all in one folder."""

    folder: Path
    world: World
    ended: Mapping[str, Ended]


KEY = "KEY_CANARY_9021_NOT_A_SECRET"
ZONES = {"utc": "UTC", "kolkata": "Asia/Kolkata", "new-york": "America/New_York"}


def write_settings(folder: Path, name: str, line: str) -> None:
    (folder / ".dlt").mkdir(exist_ok=True)
    (folder / ".dlt" / name).write_text(f"[sources.telnyx]\n{line}\n")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    folder, strange = tmp_path_factory.mktemp("synced"), tmp_path_factory.mktemp("page-size-0")
    write_settings(folder, "secrets.toml", f'api_key = "{KEY}"')
    write_settings(strange, "secrets.toml", f'api_key = "{KEY}"')
    write_settings(strange, "config.toml", "page_size = 0")
    world = World(ORDERS - 12, seed=5)
    for hours in range(12):  # whatever is hours off at the end of a range shows
        world.add_order(inserted_at=world.now - timedelta(hours=hours))
    with running(create_app(world, api_key=KEY)) as base_url:
        sync = ("sync", "--json", "--as-of", world.now.isoformat())
        processes = {
            name: portouts_command.start(
                *sync, folder=folder, TZ=zone, TELNYX_BASE_URL=base_url, PORTOUTS_DATABASE=f"{name}.duckdb"
            )
            for name, zone in ZONES.items()
        }
        wrong = {"TELNYX_API_KEY": "KEY_WRONG_CANARY", "TELNYX_BASE_URL": base_url}
        processes["wrong key"] = portouts_command.start(*sync, "--database", "refused.duckdb", folder=folder, **wrong)
        processes["no such engine"] = portouts_command.start(
            *sync, "--destination", "abacus", "--database", "none.duckdb", folder=folder, TELNYX_BASE_URL=base_url
        )
        processes["another engine"] = portouts_command.start(
            *sync,
            "--destination",
            "filesystem",
            folder=folder,
            TELNYX_BASE_URL=base_url,
            DESTINATION__FILESYSTEM__BUCKET_URL=(folder / "lake").as_uri(),
            DEV_MODE="true",
            REFRESH="drop_data",
            DATASET_NAME_LAYOUT="prod_%s",
            SCHEMA__NAMING="direct",
        )
        processes["page size"] = portouts_command.start(*sync, folder=strange, TELNYX_BASE_URL=base_url)
        ended = {}
        for name, process in processes.items():
            out, err = process.communicate(timeout=120)
            ended[name] = Ended(process.returncode, out, err)
        yield Synced(folder, world, ended)


@pytest.mark.parametrize("name", ZONES)
def test_a_sync_prints_one_object_and_exits_with_zero(synced: Synced, name: str) -> None:
    ended = synced.ended[name]
    assert ended.code == 0, ended.err
    assert ended.out.count("\n") == 1
    said = json.loads(ended.out)
    assert Path(said["database"]) == synced.folder / f"{name}.duckdb"
    assert (said["orders_changed"], said["is_proven"], said["published"]) == (ORDERS, True, True)


def test_another_engine_gets_the_raw_tables_and_nothing_is_published(synced: Synced) -> None:
    ended = synced.ended["another engine"]
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert (said["destination"], said["orders_read"], said["published"]) == ("filesystem", ORDERS, False)
    assert list((synced.folder / "lake" / "raw" / "portouts").glob("*.parquet"))
    assert not (synced.folder / "data" / "portouts.duckdb").exists()


def test_an_engine_that_dlt_does_not_know_is_wrong_usage(synced: Synced) -> None:
    ended = synced.ended["no such engine"]
    assert ended.code == 2
    assert "--destination abacus" in ended.err


def test_the_time_zone_of_the_machine_changes_nothing(synced: Synced) -> None:
    in_utc = content(synced.folder / "utc.duckdb")
    filled = {name for name, rows in in_utc.items() if rows}
    assert {"raw.portouts", "raw.covered_ranges", "marts.fct_portouts", "marts.agg_portouts_daily"} <= filled
    assert content(synced.folder / "kolkata.duckdb") == in_utc
    assert content(synced.folder / "new-york.duckdb") == in_utc


def content(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read every table of raw and marts, less what differs from sync to sync."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('raw', 'marts') and table_name[:4] <> '_dlt' "
            "and table_name not in ('syncs', 'rpt_sync', 'verifications', 'rpt_verifications')"
        ).fetchall()
        return {
            table: connection.execute(f"select columns(lambda c: c <> 'sync_id') from {table} order by all").fetchall()
            for (table,) in tables
        }


def test_a_wrong_key_fails_with_the_words_of_the_api(synced: Synced) -> None:
    ended = synced.ended["wrong key"]
    assert ended.code == json.loads(ended.out)["exit_code"] == 1
    assert "HTTP 401" in ended.err
    assert "Authentication failed: " in ended.err
    assert not (synced.folder / "refused.duckdb").exists()


def test_no_key_is_ever_printed(synced: Synced) -> None:
    assert [name for name, ended in synced.ended.items() if "CANARY" in ended.out + ended.err] == []


def test_no_key_is_ever_written(synced: Synced) -> None:
    files = [path for path in synced.folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"utc.duckdb", "working.duckdb", "telnyx.schema.json"}
    assert [path for path in files if b"CANARY" in path.read_bytes()] == [synced.folder / ".dlt" / "secrets.toml"]


def test_a_setting_out_of_its_range_is_wrong_usage(synced: Synced) -> None:
    ended = synced.ended["page size"]
    assert ended.code == json.loads(ended.out)["exit_code"] == 2
    assert "page_size must be a whole number between 1 and 250, not" in ended.err


def test_two_databases_in_one_folder_share_nothing(synced: Synced) -> None:
    lists = [sorted(ask(synced.folder / f"{name}.duckdb", "select sync_id from raw.syncs")) for name in ZONES]
    assert [len(one) for one in lists] == [1, 1, 1]
    assert len({one[0] for one in lists}) == 3


def test_status_shows_what_is_covered_and_held(synced: Synced, command: Callable[..., Ended]) -> None:
    ended = command("status", "--json", PORTOUTS_DATABASE=str(synced.folder / "kolkata.duckdb"))
    found = json.loads(ended.out)
    orders, events = synced.world.orders(), synced.world.events()
    assert ended.code == 0
    assert found["counts"] == {
        "orders": ORDERS,
        "open_orders": sum(order["status"] in ("pending", "rejected-pending", "authorized") for order in orders),
        "numbers": len({(order["id"], number) for order in orders for number in order["phone_numbers"]}),
        "events": len(events),
        "observations": ORDERS,
    }
    assert found["time_zone_data"] == rules_version()
    assert (
        f"time zone data: {rules_version()}"
        in command("status", PORTOUTS_DATABASE=str(synced.folder / "kolkata.duckdb")).out
    )
    assert (found["as_of"], found["is_proven"]) == (synced.world.now.isoformat(), True)
    assert found["covered"].keys() == {"inserted_at", "ported_out_at", "created_at"}
    for [start, end] in (ranges[0] for ranges in found["covered"].values()):
        assert start < min(order["inserted_at"] for order in orders)
        assert end > synced.world.now.isoformat()
    assert found["gaps"] == {"inserted_at": [], "ported_out_at": [], "created_at": []}


def test_status_shows_gaps(synced: Synced, command: Callable[..., Ended], tmp_path: Path) -> None:
    copy = tmp_path / "gap.duckdb"
    copy.write_bytes((synced.folder / "utc.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "insert into raw.covered_ranges by name select axis, range_end + interval 1 day as range_start, "
            "range_end + interval 2 days as range_end "
            "from raw.covered_ranges where axis = 'inserted_at'"
        )
    gap = json.loads(command("status", "--json", "--database", str(copy)).out)["gaps"]["inserted_at"]
    assert [end[:10] for [_, end] in gap] == ["2026-06-02"]
    assert f"GAP in inserted_at: {gap[0][0]} to {gap[0][1]}" in command("status", "--database", str(copy)).out


def test_models_say_what_they_had_to_do(synced: Synced, command: Callable[..., Ended]) -> None:
    database = synced.folder / "new-york.duckdb"
    before = content(database)
    ended = command("models", "--json", "--database", str(database))
    assert ended.code == 0
    assert json.loads(ended.out) == {
        "database": str(database),
        "rebuilt": False,
        "published": False,
        "build": {"kind": "none", "reason": "nothing changed", "orders": 0, "models": []},
        "targets": [],
        "warnings": [],
        "notes": [],
    }
    assert content(database) == before
    database.unlink()
    assert command("models", "--database", str(database)).out == "Published what was built already.\n"
    assert content(database) == before
    assert command("models", "--database", str(database)).out == "Already up to date; nothing to publish.\n"


# A verification as a user runs it


@pytest.mark.slow
def test_verify_says_what_differs_repairs_it_and_exits_accordingly(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    world = World(400, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        environment = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "PORTOUTS_DATABASE": "p.duckdb"}
        command("sync", "--as-of", world.now.isoformat(), **environment)
        assert command("verify", "--quick", **environment).code == 0
        with duckdb.connect(str(tmp_path / ".portouts" / "p.duckdb" / "working.duckdb")) as connection:
            [(lost,)] = connection.execute("select min(id) from raw.portouts where status = 'ported'").fetchall()
            connection.execute("delete from raw.portouts where id = ?", [lost])
        quick, searched = command("verify", "--quick", **environment), command("verify", "--json", **environment)
        assert (quick.code, searched.code) == (3, 3)
        assert "the API has 400, we hold 399" in quick.out
        assert "Verifying takes 7 requests" in quick.err
        said = json.loads(searched.out)
        assert said["differing_orders"] == [{"portout_id": lost, "kind": "missing", "fields": []}]
        assert (said["verdict"], said["differences"], said["repaired"]) == ("DIFFERENT", 1, 0)
        mended = command("verify", "--repair", **environment)
        assert mended.code == 0
        assert f"repaired: {lost}: missing" in mended.out
        assert command("verify", "--depth", "day", "--sample", "9", **environment).code == 0
        assert "verified (day): PROVEN" in command("status", **environment).out
        verification = json.loads(command("status", "--json", **environment).out)["verification"]
        assert (verification["verdict"], verification["orders"]) == ("PROVEN", 400)


def test_verify_of_nothing_and_of_an_empty_range_say_what_to_do(command: Callable[..., Ended]) -> None:
    world = World(10, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        environment = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "PORTOUTS_DATABASE": "p.duckdb"}
        nothing = command("verify", **environment)
        assert (nothing.code, "portouts sync" in nothing.err) == (1, True)
        command("sync", "--as-of", world.now.isoformat(), **environment)
        nowhere = command("verify", "--until", "2001-01-01", **environment)
        assert (nowhere.code, "--until" in nowhere.err) == (2, True)
