"""Publishing is one step: readers see one version or the other, and a failure leaves the old one."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from concurrent_readers import Seen, read_until
from portouts.errors import CannotPublish
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # processes and whole syncs

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)
NOBODY = 65534
PUBLISH = """
import sys
from pathlib import Path
from portouts.warehouse.warehouse import Warehouse
Warehouse(Path(sys.argv[1])).publish()
"""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(World(200, seed=5, now=NOW), tmp_path / "portouts.duckdb")
    account.sync()
    return account


def move_on(account: Account) -> None:
    account.world.advance(timedelta(days=1))


def test_the_working_file_keeps_no_second_copy_of_what_was_loaded(account: Account) -> None:
    working = account.state / "working.duckdb"
    scratch = ask(working, "select table_name from duckdb_tables() where schema_name = 'raw_staging'")
    tables = [name for (name,) in scratch if not name.startswith("_dlt")]
    assert len(tables) == 5
    assert [ask(working, f"select count(*) from raw_staging.{name}") for name in tables] == [[(0,)]] * 5


def test_small_tables_take_small_blocks_in_a_new_file(account: Account) -> None:
    assert ask(account.database, "select block_size from pragma_database_size()") == [(65_536,)]


def test_versions_published_before_are_kept_on_demand(account: Account) -> None:
    versions = account.state / "versions"
    move_on(account)
    account.sync()
    assert not versions.exists()
    for _ in range(3):
        move_on(account)
        account.sync(keep=2)
    kept = [ask(version, "select max(as_of) from marts.rpt_sync") for version in sorted(versions.iterdir())]
    assert kept == [[(NOW + timedelta(days=days),)] for days in (2, 3)]
    Warehouse(account.database).publish()
    assert len(list(versions.iterdir())) == 2
    account.sync(keep=0)
    assert list(versions.iterdir()) == []


def test_a_full_disk_leaves_the_published_file_and_says_what_to_do(account: Account) -> None:
    before = account.database.read_bytes()
    limit = account.database.stat().st_size // 2
    ended = subprocess.run(
        [sys.executable, "-c", PUBLISH, str(account.database)],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert "CannotPublish" in ended.stderr
    assert "File too large. The published file is as it was" in ended.stderr
    assert account.database.read_bytes() == before
    assert [path.name for path in account.database.parent.glob(".*.part*")] == []
    Warehouse(account.database).publish()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that every user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be added to a folder or renamed in it; root, who may do anything, is nobody meanwhile."""
    is_root = os.geteuid() == 0
    if is_root:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    folder.chmod(0o555)
    try:
        if is_root:
            os.seteuid(NOBODY)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_folder_that_is_read_only_leaves_the_published_file_and_says_what_to_do(
    account: Account, folder: Path
) -> None:
    account = account.copy_to(folder)
    before = account.database.read_bytes()
    with (
        read_only(folder),
        pytest.raises(
            CannotPublish, match=rf"portouts\.duckdb could not be replaced: {folder}: Permission denied.*writable"
        ),
    ):
        Warehouse(account.database).publish()
    assert account.database.read_bytes() == before
    assert [path.name for path in account.database.parent.glob(".*.part*")] == []
    Warehouse(account.database).publish()


def test_a_place_that_is_taken_is_left_as_it_is_and_a_sync_says_so(account: Account) -> None:
    """By a folder, which no file replaces, whoever asks."""
    account.database.unlink()
    account.database.mkdir()
    (account.database / "letter.txt").write_text("mine")
    move_on(account)
    with pytest.raises(CannotPublish, match="Is a directory"):
        account.sync()
    assert [path.name for path in account.database.iterdir()] == ["letter.txt"]
    assert [path.name for path in account.database.parent.glob(".*.part*")] == []


def test_readers_that_hold_the_file_open_neither_block_a_sync_nor_see_half_of_one(account: Account) -> None:
    context = get_context("spawn")
    done, seen = context.Event(), context.Queue()
    readers = [
        context.Process(target=read_until, args=(done, seen, account.database, seconds)) for seconds in (0.0, 0.2, 1.0)
    ]
    for reader in readers:
        reader.start()
    found: list[Seen] = []
    while len({one.as_of for one in found}) < 4:  # so the readers have seen four versions
        move_on(account)
        account.sync()
        while not seen.empty():
            found.append(seen.get())
    done.set()
    for reader in readers:
        while reader.is_alive():
            while not seen.empty():
                found.append(seen.get())
            reader.join(timeout=0.1)
    assert [one for one in found if one.wrong] == []
