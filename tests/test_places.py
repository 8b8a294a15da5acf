"""Names of folders and files, who may read them, and what lies beside the published file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from portouts.errors import NotPublished, SettingsError
from portouts.report.status import read_status
from portouts.warehouse.folders import working_folder
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # a whole sync a test

NOBODY = 65534
NAMES = [
    "it's here",
    "100% sure",
    "new\nline",
    "Zürich 東京",
    "data[1]{a,b}*",
    'quo"te; drop table x --',
    "$HOME ~ & #1",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_folder_and_of_a_file_will_do(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    account = Account(World(20, seed=3), folder / f"{name}.duckdb")
    for _ in range(2):
        assert account.sync(keep=1).is_proven
        account.world.advance(timedelta(days=1))
    shutil.rmtree(account.database.parent / ".portouts")
    account.sync()
    assert account.ask("select count(*) from raw.portouts") == [(20,)]
    assert read_status(account.database, account.world.now).counts["orders"] == 20


def test_a_backslash_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "back\\slash" / "portouts.duckdb")
    with pytest.raises(SettingsError, match="backslash"):
        account.sync()
    assert [*tmp_path.iterdir()] == []


# Who may read


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


@pytest.mark.usefixtures("open_umask")
def test_whatever_the_umask_only_the_owner_reads_what_is_made(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "made" / "by a sync" / "portouts.duckdb")
    for _ in range(2):
        account.sync(keep=2)
        account.world.advance(timedelta(days=1))
    with pytest.raises(RuntimeError, match="the end of the work"):
        account.sync_interrupted_after_loading()
    found = modes(tmp_path)
    assert {name for name, mode in found.items() if mode not in (0o600, 0o700)} == set()
    assert "made/by a sync/portouts.duckdb" in found


@pytest.mark.usefixtures("open_umask")
def test_what_an_earlier_version_left_open_is_closed_and_a_folder_of_others_is_left(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    tmp_path.chmod(0o755)
    for path in [account.state.parent, account.state, account.state / "working.duckdb"]:
        path.chmod(0o777)
    account.sync()
    assert account.state.parent.stat().st_mode & 0o777 == account.state.stat().st_mode & 0o777 == 0o700
    assert (account.state / "working.duckdb").stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_the_mode_and_the_group_of_the_published_file_are_kept(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    account.database.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(account.database, -1, NOBODY)
    before = account.database.stat()
    account.world.advance(timedelta(days=1))
    account.sync()
    after = account.database.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


# Beside the published file


def write_into(database: Path) -> None:
    """Write to the published file as a tool that was killed does: what it wrote stays in the log."""
    connection = duckdb.connect(str(database))
    connection.execute("pragma disable_checkpoint_on_shutdown")
    connection.execute("create table main.mine as select 1 as one")
    connection.close()


def test_a_log_of_another_program_is_removed_with_a_note(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    write_into(account.database)
    log = account.database.with_name("portouts.duckdb.wal")
    assert log.exists()
    account.world.advance(timedelta(days=1))
    [note] = account.sync().noted
    assert f"{log} was removed" in note
    assert not log.exists()
    assert account.ask("select max(as_of) from raw.syncs") == [(account.world.now,)]


def test_a_log_that_belongs_to_no_file_does_not_hide_that_the_published_file_is_newer(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    older = shutil.copyfile(account.state / "working.duckdb", tmp_path / "older")
    account.world.add_order(inserted_at=account.world.now)
    account.world.advance(timedelta(days=1))
    account.sync()
    shutil.copyfile(older, account.state / "working.duckdb")
    account.database.with_name("portouts.duckdb.wal").write_bytes(b"of another file" * 100)
    notes = account.sync().noted
    assert "was newer than" in notes[0]
    assert account.ask("select count(*) from raw.portouts") == [(21,)]
    assert account.ask("select count(*) from raw.syncs") == [(3,)]


def test_a_folder_of_working_state_can_be_named_and_databases_do_not_share_it(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    one, other = (Warehouse(tmp_path / folder / "portouts.duckdb", tmp_path / "state") for folder in ("a", "b"))
    assert one.folder != other.folder
    assert one.folder.parent == other.folder.parent == tmp_path / "state"
    assert working_folder(account.database) == account.state


# What status says of a file that it cannot read


def test_status_is_a_sentence_for_every_file_that_is_none(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    whole = account.database.read_bytes()
    now = datetime.now(UTC)

    def said(content: bytes) -> str:
        account.database.write_bytes(content)
        with pytest.raises(NotPublished) as refused:
            read_status(account.database, now)
        return str(refused.value)

    assert "is empty" in said(b"")
    assert "is damaged, or no warehouse" in said(b"This is a letter.\n" * 500)
    assert "is damaged, or no warehouse" in said(whole[: len(whole) // 2])
    assert "is damaged, or no warehouse" in said(whole[:20_000] + b"x" * 100_000 + whole[120_000:])
    account.database.unlink()
    with duckdb.connect(str(account.database)) as connection:
        connection.execute("create schema marts; create table marts.rpt_sync (as_of integer)")
    assert "is no warehouse of portouts" in said(account.database.read_bytes())
    account.database.write_bytes(whole)
    write_into(account.database)
    account.world.advance(timedelta(days=1))
    other = Account(account.world, tmp_path / "other.duckdb")
    other.sync()
    whole = other.database.read_bytes()
    assert "the log of another program" in said(whole)


def test_status_checks_the_file_against_its_certificate(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    checked = read_status(account.database, account.world.now, check=True)
    assert ask(account.database, "select content_checksum from marts.rpt_verifications") == [
        (checked.content_checksum,)
    ]
    with duckdb.connect(str(account.database)) as connection:
        connection.execute(
            "update raw.portouts set carrier_name = 'Another' where id = (select min(id) from raw.portouts)"
        )
    with pytest.raises(NotPublished, match="not as it was published"):
        read_status(account.database, account.world.now, check=True)


def test_a_sync_without_a_certificate_leaves_those_before_as_they_are(tmp_path: Path) -> None:
    account = Account(World(20, seed=3), tmp_path / "portouts.duckdb")
    account.sync()
    before = account.ask("select content_checksum from raw.verifications")
    account.world.advance(timedelta(days=1))
    account.sync(verify=None)
    assert account.ask("select content_checksum from raw.verifications") == before
    assert read_status(account.database, account.world.now, check=True).content_checksum is None
