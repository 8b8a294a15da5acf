"""A redaction that is killed: no file claims what is not true, and the next redaction or sync finishes it."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import crash_process
import duckdb
import pytest
from crash_process import Crash
from hostile_api import HostileAccount
from personal_data import columns_with_canaries, duckdb_files, files_with_canaries, load, personal_api
from portouts.commands.jobs.redact import run_redact
from portouts.load.redaction import fingerprint_of_rows
from portouts.load.settings.settings import read_settings
from portouts.load.stored_state import stored_state
from portouts.warehouse.warehouse import Warehouse

pytestmark = pytest.mark.slow  # processes and whole syncs

DATABASE = "portouts.duckdb"
BEFORE_ROWS = [
    Crash("portouts.warehouse.leftovers:RedactionMark.set", call=1, is_after=True),
    Crash("portouts.warehouse.rows.redaction:PrivacyOfStoredRows.mask", call=100),
]
AFTER_ROWS = [
    Crash("portouts.warehouse.warehouse:Warehouse.publish", call=1),
    Crash("portouts.warehouse.working_file:WorkingFile.replace", call=1),
    Crash("portouts.warehouse.working_file:WorkingFile.replace", call=1, is_after=True),
    Crash("portouts.warehouse.warehouse:Warehouse.publish", call=1, is_after=True),
    Crash("portouts.warehouse.memory:MemoryLimit.bound", call=2, is_after=True),  # in the first version
    Crash("portouts.warehouse.leftovers:RedactionMark.remove", call=1),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> HostileAccount:
    account = HostileAccount(personal_api(), tmp_path_factory.mktemp("loaded") / DATABASE)
    load(account)
    next(account.database.parent.rglob("versions/*.duckdb")).unlink()  # one version is enough
    return account


@pytest.fixture(scope="module")
def killed(loaded: HostileAccount, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Crash], HostileAccount]:
    """Return a copy of an account whose redaction was killed at this step."""

    @cache
    def kill(crash: Crash) -> HostileAccount:
        return kill_redaction(loaded, tmp_path_factory.mktemp("killed"), crash)

    def copied(folder: Path, crash: Crash) -> HostileAccount:
        shutil.copytree(kill(crash).database.parent, folder, dirs_exist_ok=True)
        return HostileAccount(loaded.api, folder / DATABASE)

    return copied


def kill_redaction(loaded: HostileAccount, folder: Path, crash: Crash) -> HostileAccount:
    """Kill a redaction of a copy at this step."""
    shutil.copytree(loaded.database.parent, folder, dirs_exist_ok=True)
    database = folder / DATABASE
    process = crash_process.start(
        "redact", "--pii", "drop", "--yes", "--database", str(database), output=folder / "out", crash=crash
    )
    process.join()
    assert process.exitcode == -signal.SIGKILL, (folder / "out").read_text()
    return HostileAccount(loaded.api, database)


def redact(database: Path) -> None:
    run_redact(Warehouse(database), read_settings(needs_key=False, pii="drop"), lambda: datetime.now(UTC))


def require_no_false_claim(folder: Path, aside: Path) -> None:
    """Look at copies with their logs: a file that says that its rows are dropped shows nothing."""
    shutil.copytree(folder, aside)
    for path in duckdb_files(aside):
        duckdb.connect(str(path)).close()  # takes in the log
        with duckdb.connect(str(path), read_only=True) as connection:
            is_dropped = fingerprint_of_rows(connection, stored_state(connection)) == "drop"
        is_clean = not {column for column in columns_with_canaries(path) if column.startswith("raw.")}
        assert is_clean == is_dropped, path


def require_clean(account: HostileAccount) -> None:
    folder = account.database.parent
    assert files_with_canaries(folder) == []
    assert {column for path in duckdb_files(folder) for column in columns_with_canaries(path)} == set()
    assert account.ask("select count(*) from marts.fct_portouts") == [(38,)]
    assert not list(folder.rglob("unfinished-redaction"))


@pytest.mark.parametrize("crash", [*BEFORE_ROWS, *AFTER_ROWS[::2]], ids=str)
def test_a_killed_redaction_claims_nothing_false_and_the_next_one_finishes_it(
    crash: Crash, killed: Callable[[Path, Crash], HostileAccount], tmp_path: Path
) -> None:
    account = killed(tmp_path / "killed", crash)
    assert account.ask("select count(*) from marts.fct_portouts") == [(38,)]
    require_no_false_claim(account.database.parent, tmp_path / "aside")
    redact(account.database)
    require_clean(account)


@pytest.mark.parametrize("crash", AFTER_ROWS[1::2], ids=str)
def test_the_next_sync_finishes_a_redaction_whose_rows_were_committed(
    crash: Crash, killed: Callable[[Path, Crash], HostileAccount], tmp_path: Path
) -> None:
    account = killed(tmp_path / "killed", crash)
    require_no_false_claim(account.database.parent, tmp_path / "aside")
    outcome = account.sync()
    assert "A redaction to pii = drop was interrupted; this sync finishes it." in outcome.report.notes
    assert outcome.certificate is not None
    assert outcome.certificate.verdict == "PROVEN"
    require_clean(account)


@pytest.mark.parametrize("crash", BEFORE_ROWS, ids=str)
def test_before_its_rows_are_committed_nothing_has_happened_and_the_mode_is_as_before(
    crash: Crash, killed: Callable[[Path, Crash], HostileAccount], tmp_path: Path
) -> None:
    account = killed(tmp_path, crash)
    account.sync({"pii": "keep"})
    assert account.ask("select count(end_user_name) from raw.portouts") == [(39,)]
    assert not list(tmp_path.rglob("unfinished-redaction"))
