"""Settings that the numbers depend on stay with the warehouse, wherever a command is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from portouts.commands.jobs.models import rebuild_models
from portouts.errors import SettingsError
from portouts.load.settings.values import ARGUMENT
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account

pytestmark = pytest.mark.slow  # a whole sync a test

NOW = datetime(2026, 5, 16, tzinfo=UTC)
CHICAGO = {"time_zone": "America/Chicago", "response_window_hours": 24.00005}
MARTS = "select time_zone, response_window_hours from staging.model_inputs"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(World(60, seed=5, now=NOW), tmp_path_factory.mktemp("loaded") / "portouts.duckdb")
    account.sync(settings=CHICAGO)
    return account


@pytest.fixture
def account(loaded: Account, tmp_path: Path) -> Account:
    return loaded.copy_to(tmp_path)


def recorded(account: Account) -> dict[str, tuple[str, str]]:
    return {
        name: (value, origin) for name, value, origin in account.ask("select name, value, origin from raw.settings")
    }


def refusal(account: Account, **asked: Any) -> str:
    published = account.database.read_bytes()
    requests = len(account.app.state.requests)
    with pytest.raises(SettingsError) as raised:
        account.sync(**asked)
    assert account.database.read_bytes() == published
    assert len(account.app.state.requests) == requests, "requests were made before the refusal"
    assert raised.value.exit_code == 2
    return str(raised.value)


def test_the_first_sync_records_the_settings_that_numbers_depend_on_and_their_origin(
    account: Account,
) -> None:
    assert recorded(account) == {
        "start_date": ("", "default"),
        "time_zone": ("America/Chicago", ARGUMENT),
        "response_window_hours": ("24.00005", ARGUMENT),
        "business_time_zone": ("America/New_York", "default"),
        "customer_values": ("", "default"),
        "holidays": ("", "default"),
        "carriers": ("", "default"),
        "labels": ("", "default"),
        "dispute_window_hours": ("168", "default"),
        "pii": ("keep", "default"),
    }


def test_a_setting_that_is_not_given_is_as_the_warehouse_remembers_and_a_note_says_so(account: Account) -> None:
    note = (
        "Not set here, so taken from this warehouse: response_window_hours = 24.00005 (argument), "
        "time_zone = America/Chicago (argument)."
    )
    assert note in account.sync().report.notes
    assert account.ask(MARTS) == [("America/Chicago", 24.00005)]
    assert note in account.verify().notes
    outcome = rebuild_models(Warehouse(account.database), account.checked())
    assert (outcome.notes, outcome.rebuilt) == ([note], False)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"time_zone": "UTC"}, "time_zone from America/Chicago (argument) to UTC (argument)"),
        ({"response_window_hours": 48.0}, "response_window_hours from 24.00005 (argument) to 48 (argument)"),
        ({"business_time_zone": "Asia/Kolkata"}, "business_time_zone from America/New_York (default) to Asia/Kolkata"),
        ({"start_date": "2026-04-01"}, "start_date from not set (default) to 2026-04-01T00:00:00+00:00 (argument)"),
        ({"pii": "drop"}, "pii from keep (default) to drop (argument)"),
        ({"pii": "hash", "pii_salt": "CANARY"}, "pii from keep (default) to hash (argument)"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_sync_that_would_change_a_setting_names_it_and_refuses_until_the_change_is_accepted(
    settings: dict[str, Any], said: str, account: Account
) -> None:
    refused = refusal(account, settings={**CHICAGO, **settings})
    assert said in refused
    assert "--accept-settings" in refused
    assert "CANARY" not in refused
    outcome = account.sync(settings={**CHICAGO, **settings}, accept_settings=True)
    assert [note for note in outcome.report.notes if f"Accepted: {said}" in note]
    account.sync(settings={**CHICAGO, **settings})


def test_all_changes_are_named_at_once(account: Account) -> None:
    refused = refusal(account, settings={"time_zone": "UTC", "response_window_hours": 48.0})
    assert refused.startswith(
        "response_window_hours from 24.00005 (argument) to 48 (argument); time_zone from America/Chicago"
    )


def test_accepting_takes_the_default_of_a_setting_that_is_not_given(account: Account) -> None:
    notes = account.sync(accept_settings=True).report.notes
    assert "Accepted: time_zone from America/Chicago (argument) to UTC (default)." in notes
    assert account.ask(MARTS) == [("UTC", 48.0)]
    assert recorded(account)["time_zone"] == ("UTC", "default")


def test_a_list_of_holidays_is_the_same_if_its_content_is(account: Account, tmp_path: Path) -> None:
    days, moved = tmp_path / "days.csv", tmp_path / "moved.csv"
    for file in (days, moved):
        file.write_text("holiday_on,name\n2026-05-04,Founders' Day\n", encoding="utf-8")
    refused = refusal(account, settings={**CHICAGO, "holidays": str(days)})
    assert f"holidays from not set (default) to {days} (sha256 " in refused
    account.sync(settings={**CHICAGO, "holidays": str(days)}, accept_settings=True)
    account.sync(settings={**CHICAGO, "holidays": str(moved)})
    account.sync()
    moved.write_text("holiday_on,name\n2026-05-05,Founders' Day\n", encoding="utf-8")
    assert f"to {moved} (sha256 " in refusal(account, settings={**CHICAGO, "holidays": str(moved)})
    assert "holidays" in refusal(account), "the remembered list has changed as well"


def test_personal_data_is_never_shown_again_because_a_setting_is_missing(account: Account) -> None:
    hashed = {"pii": "hash", "pii_salt": "a long salt"}
    account.sync(settings={**CHICAGO, **hashed}, accept_settings=True)
    for accepted in (False, True):
        assert "Set pii_salt as before" in refusal(account, settings=CHICAGO, accept_settings=accepted)
    assert "pii from hash (argument) to hash with another pii_salt (argument)" in refusal(
        account, settings={**CHICAGO, **hashed, "pii_salt": "another"}
    )
    account.sync(settings={**CHICAGO, "pii_salt": "a long salt"})
    with pytest.raises(SettingsError, match="pii from hash"):
        account.verify(settings={**CHICAGO, "pii": "keep"})


def test_another_pii_is_accepted_by_reading_everything_again_and_accepting_it_reads_everything_again(
    account: Account,
) -> None:
    account.sync(settings={**CHICAGO, "pii": "drop"}, full=True)
    assert account.ask("select count(*) from raw.portout_phone_numbers where phone_number is not null") == [(0,)]
    assert recorded(account)["pii"] == ("drop", ARGUMENT)
    outcome = account.sync(settings={**CHICAGO, "pii": "keep"}, accept_settings=True)
    assert outcome.report.orders_read == 60
    assert account.ask("select count(*) from raw.portout_phone_numbers where phone_number is null") == [(0,)]


def test_models_and_verify_refuse_a_change_too(account: Account) -> None:
    warehouse = Warehouse(account.database)
    settings = account.checked(**{**CHICAGO, "time_zone": "UTC"})
    with pytest.raises(SettingsError, match="time_zone from America/Chicago"):
        rebuild_models(warehouse, settings)
    with pytest.raises(SettingsError, match="time_zone from America/Chicago"):
        account.verify(settings={**CHICAGO, "time_zone": "UTC"})
    outcome = rebuild_models(warehouse, settings, accept_settings=True)
    assert (outcome.rebuilt, account.ask(MARTS)) == (True, [("UTC", 24.00005)])
    assert recorded(account)["time_zone"] == ("UTC", ARGUMENT)


def test_the_option_since_changes_no_setting(tmp_path: Path) -> None:
    account = Account(World(60, seed=5, now=NOW), tmp_path / "portouts.duckdb")
    account.sync(settings={"start_date": "2026-05-10"})
    account.sync(settings={"start_date": "2026-05-10"}, since=datetime(2026, 5, 1, tzinfo=UTC))
    account.sync()
    assert "start_date from 2026-05-10" in refusal(account, settings={"start_date": "2026-05-01"})


def test_a_first_sync_that_was_killed_records_no_settings(tmp_path: Path) -> None:
    account = Account(World(60, seed=5, now=NOW), tmp_path / "portouts.duckdb")
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    account.sync(settings={"time_zone": "Europe/Berlin"})
    assert recorded(account)["time_zone"] == ("Europe/Berlin", ARGUMENT)


# A warehouse of an earlier version, which did not record settings


@pytest.fixture
def upgraded(account: Account) -> Account:
    account.spoil("drop table raw.settings")
    account.world.advance(timedelta(hours=1))
    return account


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**CHICAGO, "time_zone": "UTC"}, "time_zone from America/Chicago (the last build) to UTC (argument)"),
        (
            {**CHICAGO, "response_window_hours": 48.0},
            "response_window_hours from 24.00005 (the last build) to 48 (argument)",
        ),
        ({**CHICAGO, "pii": "drop"}, "pii from keep (what was loaded) to drop (argument)"),
    ],
    ids=["time_zone", "response_window_hours", "pii"],
)
def test_an_upgrade_remembers_what_the_last_build_used(settings: dict[str, Any], said: str, upgraded: Account) -> None:
    assert said in refusal(upgraded, settings=settings)
    upgraded.sync()
    assert recorded(upgraded)["time_zone"] == ("America/Chicago", "remembered from the last build")


def test_an_upgrade_refuses_to_extend_the_history_by_itself(tmp_path: Path) -> None:
    account = Account(World(60, seed=5, now=NOW), tmp_path / "portouts.duckdb")
    account.sync(settings={"start_date": "2026-05-10"})
    account.spoil("drop table raw.settings")
    said = "start_date from 2026-05-10T00:00:00+00:00 (what is held) to 2026-05-01T00:00:00+00:00 (argument)"
    assert said in refusal(account, settings={"start_date": "2026-05-01"})
    account.sync(settings={"start_date": "2026-05-12"})
    assert recorded(account)["start_date"] == ("2026-05-12T00:00:00+00:00", ARGUMENT)
