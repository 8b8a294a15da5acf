"""Another `pii` with `--full`: no file holds what could be read before, rows deleted at the source included."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hostile_api import HostileAccount, HostileApi, order
from personal_data import columns_with_canaries, duckdb_files, files_with_canaries, load, personal_api

pytestmark = pytest.mark.slow  # a whole sync a test

NAMES = ["Quillon Vexwhistle Canary", "Zq", "Xyloptera Brandywinehurst the Third of Somewhere Far Away"]


def test_after_a_full_sync_with_another_pii_no_file_holds_a_readable_name(tmp_path: Path) -> None:
    api = HostileApi(
        orders=[order(number, end_user_name=f"{NAMES[0]} {number}", reason=NAMES[2]) for number in range(1, 40)]
    )
    for place, row in list(api.orders):
        event = {"portout_id": row["id"], "created_at": row["inserted_at"]}
        for event_type, payload in {
            "portout.status_changed": {"status": "ported", "subscriber_name": NAMES[0], "rejection_reason": NAMES[2]}
            | {"phone_numbers": row["phone_numbers"]},
            "portout.new_comment": {"comment": NAMES[2]},
            "portout.unheard_of": {"subscriber_name": NAMES[0]},
        }.items():
            one = {"id": f"{event_type}-{row['id']}", "event_type": event_type, "payload": payload}
            api.events.append((place, event | one))
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    account.sync()
    del api.orders[5], api.events[60:63], api.events[15:18]
    api.now += timedelta(hours=1)
    account.sync()
    api.now += timedelta(hours=1)
    account.sync({"pii": "drop"}, full=True)
    held = account.ask("select count(*), count(end_user_name), count(deleted_at) from raw.portouts")
    assert held == [(39, 0, 1)]
    assert account.ask("select count(phone_number) from raw.portout_phone_numbers") == [(0,)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [
        path for path in files if b"Vexwhistle" in path.read_bytes() or b"Brandywinehurst" in path.read_bytes()
    ] == []
    assert [path for path in files if b"+12125550006" in path.read_bytes()] == []


@pytest.mark.parametrize("pii", ["hash"])
def test_rows_that_were_not_read_again_are_hashed_once(pii: str, tmp_path: Path) -> None:
    api = HostileApi(orders=[order(number, end_user_name=NAMES[0]) for number in range(1, 40)])
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    account.sync()
    del api.orders[5]
    for _ in range(2):
        api.now += timedelta(hours=1)
        account.sync({"pii": pii, "pii_salt": "not a secret"}, full=True)
    assert account.ask("select count(*), count(distinct end_user_name) from raw.portouts") == [(39, 1)]
    assert account.ask("select count(*) from raw.portouts where length(end_user_name) = 32") == [(39,)]


def test_a_full_sync_with_another_pii_that_was_interrupted_is_finished_by_the_next_sync(tmp_path: Path) -> None:
    account = HostileAccount(personal_api(), tmp_path / "portouts.duckdb")
    load(account)
    account.sync_interrupted_after_loading({"pii": "drop"}, full=True)
    account.sync()
    assert account.ask("select count(deleted_at), count(end_user_name) from raw.portouts") == [(1, 0)]
    assert files_with_canaries(tmp_path) == []
    assert {column for path in duckdb_files(tmp_path) for column in columns_with_canaries(path)} == set()
