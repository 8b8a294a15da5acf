"""Publishing is one step: readers see one version or the other, and a failure leaves the old one."""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from portouts.sandbox import World
from portouts.warehouse import Warehouse
from readers import Seen, read_until
from simulated_account import Account, ask

NOW = datetime(2026, 5, 16, 9, tzinfo=UTC)
PUBLISH = """
import sys
from pathlib import Path
from portouts.warehouse import Warehouse
Warehouse(Path(sys.argv[1])).publish()
"""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(World(200, seed=5, now=NOW), tmp_path / "portouts.duckdb")
    account.sync()
    return account


def move_on(account: Account) -> None:
    account.world.advance(timedelta(days=1))


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
    assert "It is as it was" in ended.stderr
    assert account.database.read_bytes() == before
    assert not (account.state / "publishing.duckdb").exists()
    Warehouse(account.database).publish()


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
