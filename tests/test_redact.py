"""`portouts redact`: no byte of any file shows what could be read before, and later syncs keep to the mode."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from hostile_api import HostileAccount, order
from personal_data import (
    CANARIES,
    NAME,
    columns_with_canaries,
    duckdb_files,
    files_with_canaries,
    load,
    personal_api,
)
from portouts.commands.jobs.redact import RedactOutcome, run_redact
from portouts.errors import Locked, SettingsError
from portouts.load.settings.settings import read_settings
from portouts.records.privacy import Privacy
from portouts.report.status import read_status
from portouts.warehouse.folders import places
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.rows.redaction import Masked
from portouts.warehouse.warehouse import Warehouse
from portouts_command import Ended

pytestmark = pytest.mark.slow  # whole syncs

SALT = {"pii_salt": "not a secret"}
MODES: Mapping[str, dict[str, str]] = {"hash": {"pii": "hash", **SALT}, "drop": {"pii": "drop"}}
DATABASE = "portouts.duckdb"
# What differs from one warehouse to another of the same account.
OWN = {"_dlt_load_id", "_dlt_id", "sync_id", "seen_at", "verification_id", "content_checksum", "checked_at"}
OWN_TABLES = {"raw.syncs", "raw.verifications", "raw.settings", "marts.rpt_sync", "marts.rpt_verifications"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> HostileAccount:
    account = HostileAccount(personal_api(), tmp_path_factory.mktemp("loaded") / DATABASE)
    load(account)
    return account


def copy_of(account: HostileAccount, folder: Path) -> HostileAccount:
    shutil.copytree(account.database.parent, folder, dirs_exist_ok=True)
    return HostileAccount(account.api, folder / DATABASE)


@pytest.fixture
def account(loaded: HostileAccount, tmp_path: Path) -> HostileAccount:
    """Copy the loaded account with its versions."""
    return copy_of(loaded, tmp_path)


class Redacted(NamedTuple):
    account: HostileAccount
    outcome: RedactOutcome


@pytest.fixture(scope="module")
def redacted(loaded: HostileAccount, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Redacted]:
    """Redact copies of the loaded account that also hold what killed runs leave, one in each mode."""
    found = {}
    for mode, settings in MODES.items():
        account = copy_of(loaded, tmp_path_factory.mktemp(mode))
        leave_behind(working_folder(account.database))
        found[mode] = Redacted(account, redact(account.database, settings))
    return found


def leave_behind(folder: Path) -> None:
    """Leave what killed runs leave (packages, unfinished copies, what DuckDB spilled), and the memory of alerts."""
    for left in (
        "dlt/portouts/load/normalized/1/new_jobs/portouts.parquet",
        "dlt-postgres/portouts/normalize/extracted/1/new_jobs/portouts.parquet",
        "working.part",
        "rewritten.duckdb.wal",
        "looked-at.duckdb",
        "alerts.json",
        "working.duckdb.tmp/duckdb_temp_storage-0.tmp",
        "versions/.portouts-1.duckdb.part",
        "versions/portouts-1.duckdb.tmp/duckdb_temp_block-1.block",
    ):
        path = folder / left
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CANARIES[0])


def redact(database: Path, settings: Mapping[str, Any]) -> RedactOutcome:
    return run_redact(Warehouse(database), read_settings(needs_key=False, **settings), lambda: datetime.now(UTC))


def working_folder(database: Path) -> Path:
    return places(database)[1]


def versions_of(database: Path) -> list[Path]:
    return sorted((working_folder(database) / "versions").iterdir())


def test_the_search_for_canaries_finds_them(loaded: HostileAccount) -> None:
    files = duckdb_files(loaded.database.parent)
    assert len(files) == 4  # published, working, two versions
    assert set(files) <= set(files_with_canaries(loaded.database.parent))
    for path in files:
        found = columns_with_canaries(path)
        assert {"raw.portouts.reason", "raw.portouts.extra", "raw.portout_events.payload__comment"} <= found
        assert {"marts.fct_portout_numbers.phone_number", "marts.fct_portouts.rejection_reason"} <= found


@pytest.mark.parametrize("mode", MODES)
def test_no_byte_and_no_value_of_any_file_shows_what_was_readable(mode: str, redacted: Mapping[str, Redacted]) -> None:
    (account, outcome), folder = redacted[mode], redacted[mode].account.database.parent
    assert files_with_canaries(folder) == []
    assert len(duckdb_files(folder)) == 4
    assert {column for path in duckdb_files(folder) for column in columns_with_canaries(path)} == set()
    assert outcome.finished.versions == versions_of(account.database)
    assert (outcome.mode_before, len(outcome.finished.versions), outcome.finished.removed) == ("keep", 2, [])
    found = {(one.table, one.column): one.values for one in outcome.masked}
    assert found["raw.portout_phone_numbers", "phone_number"] == 39
    assert {("raw.portouts", "reason"), ("raw.portouts", "extra"), ("raw.portout_events", "payload")} <= found.keys()
    assert not (working_folder(account.database) / "unfinished-redaction").exists()


@pytest.mark.parametrize("mode", MODES)
def test_the_next_sync_is_proven_and_keeps_to_the_mode(
    mode: str, redacted: Mapping[str, Redacted], tmp_path: Path
) -> None:
    account = copy_of(redacted[mode].account, tmp_path)
    api = account.api = replace(account.api, now=account.api.now + timedelta(hours=1))
    _, row = order(99, end_user_name=NAME, phone_numbers=["+12125550007"])
    api.orders = [*api.orders, (api.now - timedelta(minutes=1), row)]
    outcome = account.sync(SALT)
    assert outcome.certificate is not None
    assert (outcome.certificate.verdict, outcome.is_proven) == ("PROVEN", True)
    assert outcome.report.orders_read < 10  # nothing is read again
    expected = {"hash": Privacy("hash", SALT["pii_salt"]).mask("+12125550007"), "drop": None}[mode]
    numbers = account.ask(
        "select portout_id, phone_number from raw.portout_phone_numbers "
        "where portout_id in ('order-007', 'order-099') order by all"
    )
    assert numbers == [("order-007", expected), ("order-099", expected)]
    assert files_with_canaries(account.database.parent) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_redacted_warehouse_equals_one_that_was_loaded_in_that_mode(
    mode: str, redacted: Mapping[str, Redacted], tmp_path: Path
) -> None:
    fresh = HostileAccount(personal_api(), tmp_path / DATABASE, MODES[mode])
    load(fresh)
    found, expected = contents(redacted[mode].account.database), contents(fresh.database)
    assert expected.keys() == found.keys()
    assert len(expected["marts.fct_portout_numbers"]) == 38
    for table, rows in expected.items():
        assert found[table] == rows, table


def contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where not internal and not starts_with(table_name, '_dlt') order by column_index"
        ).fetchall():
            if column not in OWN:
                columns.setdefault(table, []).append(column)
        return {
            table: connection.execute(f"select {', '.join(names)} from {table} order by all").fetchall()
            for table, names in columns.items()
            if table not in OWN_TABLES
            and not table.endswith(("stg_syncs", "stg_verifications", "int_observation_syncs"))
        }


def test_redacting_again_finds_nothing_and_changes_no_row(redacted: Mapping[str, Redacted], tmp_path: Path) -> None:
    account = copy_of(redacted["hash"].account, tmp_path)
    outcome = redact(account.database, MODES["hash"])
    assert (outcome.mode_before, outcome.masked, outcome.notes) == ("hash", [], [])
    assert contents(account.database) == contents(redacted["hash"].account.database)


def test_hashes_can_be_dropped_afterwards(redacted: Mapping[str, Redacted], tmp_path: Path) -> None:
    account = copy_of(redacted["hash"].account, tmp_path)
    outcome = redact(account.database, MODES["drop"])
    assert outcome.mode_before == "hash"
    assert account.ask("select count(phone_number), count(country_code) from marts.fct_portout_numbers") == [(0, 38)]
    assert account.ask("select count(end_user_name) from raw.portouts") == [(0,)]
    assert contents(account.database) == contents(redacted["drop"].account.database)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("drop", MODES["hash"], "dropped values cannot be hashed"),
        ("hash", {"pii": "hash", "pii_salt": "another"}, "hashed with another pii_salt"),
    ],
    ids=["drop to hash", "another salt"],
)
def test_what_is_not_possible_is_refused_and_changes_nothing(
    first: str, second: dict[str, str], reason: str, redacted: Mapping[str, Redacted]
) -> None:
    database = redacted[first].account.database
    before = database.read_bytes()
    with pytest.raises(SettingsError, match=reason):
        redact(database, second)
    assert database.read_bytes() == before
    assert not (working_folder(database) / "unfinished-redaction").exists()


@pytest.mark.parametrize(
    "settings",
    [{"pii": "keep"}, {"pii": "drop"}, {"pii": "hash", "pii_salt": "another"}, {}],
    ids=["keep", "drop", "another salt", "no salt"],
)
def test_a_sync_with_another_mode_than_the_remembered_one_is_refused(
    settings: dict[str, str], redacted: Mapping[str, Redacted]
) -> None:
    with pytest.raises(SettingsError, match="pii"):
        redacted["hash"].account.sync(settings)


def test_every_file_is_as_its_certificate_says_and_its_owners_alone(redacted: Mapping[str, Redacted]) -> None:
    database = redacted["hash"].account.database
    for path in (database, *versions_of(database)):
        assert path.stat().st_mode & 0o777 == 0o600
        read_status(path, datetime.now(UTC), check=True)


def test_a_version_that_cannot_be_read_is_removed_and_named(account: HostileAccount) -> None:
    [first, second] = versions_of(account.database)
    first.write_text(f"no database {NAME}")
    outcome = redact(account.database, MODES["drop"])
    assert (outcome.finished.removed, outcome.finished.versions) == ([first], [second])
    assert [note for note in outcome.notes if str(first) in note and "removed" in note]
    assert not first.exists()
    assert files_with_canaries(account.database.parent) == []


def test_after_an_interrupted_sync_what_is_published_is_redacted_and_the_next_sync_goes_on(
    account: HostileAccount,
) -> None:
    account.api = replace(account.api, now=account.api.now + timedelta(hours=1))
    published_at = account.ask("select max(as_of) from raw.syncs")
    account.sync_interrupted_after_loading()
    outcome = redact(account.database, MODES["hash"])
    assert outcome.published
    assert files_with_canaries(account.database.parent) == []
    assert account.ask("select max(as_of) from raw.syncs") == published_at
    assert account.ask("select count(*) from marts.fct_portouts") == [(38,)]
    synced = account.sync(SALT)
    assert synced.certificate is not None
    assert synced.certificate.verdict == "PROVEN"
    assert {column for path in duckdb_files(account.database.parent) for column in columns_with_canaries(path)} == set()


def test_reasons_of_answers_follow_the_mode(account: HostileAccount) -> None:
    with duckdb.connect(str(working_folder(account.database) / "working.duckdb")) as connection:
        connection.execute(
            "insert into raw.answers by name select 'a' as attempt_id, now() as sent_at, 'order-001' as portout_id, "
            f"'rejected-pending' as answer, '{CANARIES[2]}' as reason, 'answered' as outcome"
        )
    outcome = redact(account.database, MODES["hash"])
    assert Masked("raw.answers", "reason", 1) in outcome.masked
    hashed = Privacy("hash", SALT["pii_salt"]).mask(CANARIES[2])
    assert account.ask("select reason from raw.answers") == [(hashed,)]
    assert account.ask("select comment from duckdb_tables() where table_name = 'answers'") != [(None,)]
    assert files_with_canaries(account.database.parent) == []


def test_before_the_first_sync_the_mode_of_that_sync_is_set(tmp_path: Path) -> None:
    """An order may be answered before the first sync."""
    account = HostileAccount(personal_api(), tmp_path / DATABASE)
    warehouse = Warehouse(account.database)
    with warehouse.locked():
        create_metadata(warehouse.connection())
    redact(account.database, MODES["drop"])
    account.sync()
    assert account.ask("select count(*), count(end_user_name) from raw.portouts") == [(39, 0)]


def test_while_another_process_holds_the_lock_nothing_happens(account: HostileAccount) -> None:
    before = account.database.read_bytes()
    with Warehouse(account.database).locked(), pytest.raises(Locked):
        redact(account.database, MODES["drop"])
    assert account.database.read_bytes() == before


# The command


def test_without_a_terminal_it_works_only_with_yes(
    account: HostileAccount, command: Callable[..., Ended], tmp_path: Path
) -> None:
    refused = command("redact", "--pii", "drop", "--database", DATABASE, "--json")
    assert (refused.code, "--yes" in json.loads(refused.out)["error"]) == (2, True)
    assert files_with_canaries(tmp_path)
    ended = command("redact", "--pii", "drop", "--yes", "--database", DATABASE, "--json", SOURCES__TELNYX__PII="keep")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert (said["pii"], said["pii_before"], said["published"], len(said["versions"])) == ("drop", "keep", True, 2)
    assert {"table": "raw.portout_phone_numbers", "column": "phone_number", "values": 39} in said["masked"]
    assert "SOURCES__TELNYX__PII" in " ".join(said["notes"])  # the next sync would refuse it
    assert said["bytes_written"] > account.database.stat().st_size
    again = command("redact", "--pii", "drop", "--yes", "--database", DATABASE)
    assert (again.code, "already" in again.out, "No readable value" in again.out) == (0, True, True)


@pytest.mark.parametrize("answer", ["n", "", "yes"], ids=["no", "nothing", "yes"])
def test_on_a_terminal_it_asks_and_works_only_if_the_answer_is_yes(
    answer: str, account: HostileAccount, tmp_path: Path
) -> None:
    shutil.rmtree(working_folder(account.database) / "versions")
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "portouts", "redact", "--pii", "drop", "--database", DATABASE, "--json"],
            cwd=tmp_path,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(ours, f"{answer}\n".encode())
        out, err = process.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "This cannot be undone. Continue? [y/N]" in err
    assert "(pii = keep until now)" in err
    if answer == "yes":
        assert (process.returncode, json.loads(out)["pii"]) == (0, "drop")
    else:
        assert (process.returncode, json.loads(out)["error"]) == (1, "Nothing was changed.")
    assert bool(files_with_canaries(tmp_path)) == (answer != "yes")


@pytest.mark.parametrize(
    ("pii", "reason"), [("keep", "cannot be restored"), ("none", "neither hash nor drop"), ("hash", "pii_salt")]
)
def test_a_mode_that_cannot_be_applied_is_wrong_usage(pii: str, reason: str, command: Callable[..., Ended]) -> None:
    ended = command("redact", "--pii", pii, "--yes", "--database", DATABASE, "--json")
    assert ended.code == 2
    assert reason in json.loads(ended.out)["error"]
