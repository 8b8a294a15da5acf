"""A disk that is full at any point: one sentence, the published file as it was, and the next sync right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hostile_api import HostileAccount
from personal_data import files_with_canaries, load, personal_api
from portouts.commands.jobs.redact import run_redact
from portouts.errors import CannotPublish, PortoutsError
from portouts.load.settings.settings import read_settings
from portouts.warehouse.folders import part_of
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account
from small_disk import all_but, system

pytestmark = pytest.mark.slow  # a whole sync a test


def require_right(account: Account) -> None:
    held = account.ask("select id, status from raw.portouts order by all")
    assert held == sorted((order["id"], order["status"]) for order in account.world.orders())


# From none at all, in which not even the lock fits, to what the load takes and the copy does not.
@pytest.mark.parametrize("free", [0, 20_000, 200_000, 400_000, 1_000_000, 4_000_000], ids=str)
def test_wherever_the_disk_is_full_a_sync_says_so_and_the_next_one_is_right(free: int, disk: Path) -> None:
    account = Account(World(60, seed=3), disk / "portouts.duckdb")
    with all_but(free, disk), pytest.raises(PortoutsError, match=r"No space left on device \(\d+ MB are free\)"):
        account.sync()
    assert not account.database.exists()
    account.sync()
    for number in range(12):
        account.world.add_order(inserted_at=account.world.now, phone_numbers=[f"+131255501{number:02}"])
    account.world.advance(timedelta(hours=1))
    before = account.database.read_bytes()
    with all_but(free, disk), pytest.raises(PortoutsError, match=r"No space left on device") as refused:
        account.sync()
    assert "The published file is as it was" in str(refused.value)
    assert "dlt" not in str(refused.value).replace(str(disk), "")
    assert account.database.read_bytes() == before
    account.sync()
    require_right(account)


@pytest.mark.parametrize("free", [100_000, 1_500_000], ids=str)
def test_wherever_the_disk_is_full_a_redaction_loses_nothing_and_the_next_one_is_right(free: int, disk: Path) -> None:
    account = HostileAccount(personal_api(), disk / "portouts.duckdb")
    load(account)
    settings = read_settings(needs_key=False, pii="drop")
    with all_but(free, disk), pytest.raises(PortoutsError, match="No space left on device"):
        run_redact(Warehouse(account.database), settings, lambda: datetime.now(UTC))
    assert account.ask("select count(*) from marts.fct_portouts") == [(38,)]
    run_redact(Warehouse(account.database), settings, lambda: datetime.now(UTC))
    assert account.ask("select count(*), count(rejection_reason) from marts.fct_portouts") == [(38, 0)]
    assert files_with_canaries(disk) == []


def test_before_a_sync_that_may_not_fit_a_note_says_so(disk: Path) -> None:
    account, noted = Account(World(60, seed=3), disk / "portouts.duckdb"), list[str]()
    account.sync()
    with all_but(3_000_000, disk):
        warehouse = Warehouse(account.database, on_note=noted.append)
        with warehouse.locked():
            warehouse.warn_of_little_space()
    [note] = noted
    assert "3 MB are free" in note


SYNC_WITH_LIMIT = """
import resource, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from portouts_sandbox import World
from simulated_account import Account
kind, limit = getattr(resource, sys.argv[2]), int(sys.argv[3])
account = Account(World(60, seed=3), Path(sys.argv[1]))
resource.setrlimit(kind, (limit, resource.RLIM_INFINITY))
try:
    account.sync()
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_limit_of_the_size_of_files_is_a_sentence(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    ended = subprocess.run(
        [sys.executable, "-c", SYNC_WITH_LIMIT, str(database), "RLIMIT_FSIZE", "1000000"],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert ended.stdout.startswith("MachineFault"), (ended.stdout, ended.stderr)
    assert "File too large" in ended.stdout
    assert "ulimit -f" in ended.stdout
    account = Account(World(60, seed=3), database)
    account.sync()
    require_right(account)


# What the place of the published file lets be done


def published(folder: Path) -> Account:
    account = Account(World(30, seed=3), folder / "portouts.duckdb")
    account.sync()
    return account


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some network file systems, after the file was replaced."""
    account, fsync = published(tmp_path), os.fsync

    def refuse_folders(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112 - a descriptor
            raise OSError(22, os.strerror(22))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    account.world.advance(timedelta(days=1))
    account.sync()
    assert account.ask("select max(as_of) from raw.syncs") == [(account.world.now,)]


def test_without_hard_links_a_version_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = published(tmp_path)
    before = account.database.read_bytes()

    def refuse(_self: Path, target: Path) -> None:
        raise OSError(18, os.strerror(18), str(target))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    account.world.advance(timedelta(days=1))
    account.sync(keep=1)
    [version] = (account.state / "versions").iterdir()
    assert version.read_bytes() == before
    assert version.stat().st_mode & 0o777 == 0o600


def test_a_published_sync_that_cannot_be_marked_succeeds_and_is_marked_by_the_next_one(tmp_path: Path) -> None:
    account = published(tmp_path)
    account.spoil("update raw.syncs set published = false")
    assert account.ask("select published from raw.syncs") == [(True,)]
    account.world.advance(timedelta(days=1))
    account.sync()
    assert account.ask("select published from raw.syncs") == [(True,), (True,)]


def test_a_published_file_that_is_a_mount_of_its_own_is_refused_before_anything_is_read(disk: Path) -> None:
    account = Account(World(5, seed=3), disk / "portouts.duckdb")
    account.database.touch()
    other = disk / "other.duckdb"
    other.touch()
    assert system("mount", "--bind", str(other), str(account.database))
    try:
        with pytest.raises(PortoutsError, match="Mount the folder in which it lies") as refused:
            account.sync()
    finally:
        assert system("umount", str(account.database))
    assert refused.value.exit_code == 2
    assert account.app.state.requests == []


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(disk: Path) -> None:
    account = published(disk)
    account.app.state.requests.clear()
    assert system("mount", "-o", "remount,ro", str(disk))
    with pytest.raises(PortoutsError, match="Read-only file system"):
        account.sync()
    assert system("mount", "-o", "remount,rw", str(disk))
    assert account.app.state.requests == []
    account.sync()


def test_working_state_on_another_file_system_is_as_good(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    account = Account(World(30, seed=3), tmp_path_factory.mktemp("data") / "portouts.duckdb")
    (account.database.parent / ".portouts").symlink_to(disk)
    for _ in range(2):
        account.sync(keep=2)
    require_right(account)
    assert [path.name for path in disk.iterdir()] == ["portouts.duckdb"]


def test_a_copy_that_differs_from_the_working_file_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = published(tmp_path)
    before, copyfile = account.database.read_bytes(), shutil.copyfile

    def copy_badly(source: Path, target: Path) -> Path:
        copyfile(source, target)
        if target == part_of(account.database):
            content = bytearray(target.read_bytes())
            for position in range(0, len(content), 50_000):
                content[position] ^= 1
            target.write_bytes(content)
        return target

    monkeypatch.setattr(shutil, "copyfile", copy_badly)
    account.world.advance(timedelta(days=1))
    with pytest.raises(CannotPublish, match="could not be replaced by a copy"):
        account.sync()
    assert account.database.read_bytes() == before
