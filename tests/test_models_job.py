"""`portouts models` builds and publishes what changed, and only that."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from portouts.commands.jobs.models import ModelsOutcome, rebuild_models
from portouts.errors import CannotPublish
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # syncs before each build

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)
NOTHING, PUBLISHED, ALL = (False, False), (False, True), (True, True)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(World(60, seed=5, now=NOW), tmp_path_factory.mktemp("synced") / "portouts.duckdb")
    account.sync()
    return account


@pytest.fixture
def account(synced: Account, tmp_path: Path) -> Account:
    return synced.copy_to(tmp_path, World(60, seed=5, now=NOW))


def build(account: Account, *, accept_settings: bool = False) -> tuple[bool, bool]:
    outcome: ModelsOutcome = rebuild_models(Warehouse(account.database), accept_settings=accept_settings)
    return outcome.rebuilt, outcome.published


def test_after_a_sync_there_is_nothing_to_do_and_the_published_file_is_left_alone(account: Account) -> None:
    before = account.database.stat()
    assert build(account) == NOTHING
    after = account.database.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_list_of_holidays_that_was_edited_is_taken_up(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holidays = tmp_path / "holidays.csv"
    monkeypatch.setenv("SOURCES__TELNYX__HOLIDAYS", str(holidays))
    for day in ("2026-05-04", "2026-05-05"):
        holidays.write_text(f"holiday_on,name\n{day},Ours\n")
        assert (build(account, accept_settings=True), build(account)) == (ALL, NOTHING)
        assert account.ask("select cast(holiday_on as varchar) from staging.holidays") == [(day,)]


def test_a_published_file_that_was_deleted_is_published_again(account: Account) -> None:
    before = account.ask("from marts.fct_portouts order by all")
    account.database.unlink()
    assert build(account) == PUBLISHED
    assert account.ask("from marts.fct_portouts order by all") == before
    assert build(account) == NOTHING


def test_an_older_version_put_back_is_replaced(account: Account, tmp_path: Path) -> None:
    older = shutil.copyfile(account.database, tmp_path / "older.duckdb")
    account.world.advance(timedelta(days=2))
    account.sync()
    older.replace(account.database)
    assert build(account) == PUBLISHED
    assert account.ask("select max(as_of) from marts.rpt_sync") == [(account.world.now,)]


def test_something_else_in_the_published_place_is_replaced(account: Account) -> None:
    account.database.write_bytes(b"This is no database.\n" * 500)
    assert build(account) == PUBLISHED
    assert account.ask("select count(*) from marts.fct_portouts") == [(60,)]


def test_a_certificate_that_could_not_be_published_is_published(account: Account) -> None:
    """It changes no mart but those that are views, so nothing has to be built."""
    old = account.database.with_suffix(".old")

    def take_the_place(_done: int, _total: int) -> None:
        if not old.exists():
            account.database.rename(old)
            account.database.mkdir()

    with pytest.raises(CannotPublish):
        account.verify(on_progress=take_the_place)
    account.database.rmdir()
    old.rename(account.database)
    assert build(account) == PUBLISHED
    assert account.ask("select count(*) from marts.rpt_verifications") == [(2,)]


def test_another_setting_rebuilds(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__TELNYX__TIME_ZONE", "Pacific/Auckland")
    assert build(account, accept_settings=True) == ALL
    assert account.ask("select time_zone from staging.model_inputs") == [("Pacific/Auckland",)]
    assert build(account) == NOTHING


def test_models_built_and_not_published_are_published(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a run leaves them that is killed between the two."""
    before = ask(account.database, "select built_from from staging.model_inputs")
    published = shutil.copyfile(account.database, account.database.with_suffix(".before"))
    monkeypatch.setenv("SOURCES__TELNYX__RESPONSE_WINDOW_HOURS", "24")
    assert build(account, accept_settings=True) == ALL
    published.replace(account.database)
    assert ask(account.database, "select built_from from staging.model_inputs") == before
    assert build(account) == PUBLISHED
    assert ask(account.database, "select built_from from staging.model_inputs") != before
