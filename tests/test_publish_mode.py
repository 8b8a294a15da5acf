"""`[publish] mode`: who may read the published file, and that nobody else may read anything else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from portouts_command import KEY, Ended
from portouts_sandbox import World, create_app, running

pytestmark = pytest.mark.slow  # whole syncs

ANALYST = 65534
Sync = Callable[..., dict[str, int]]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running(create_app(World(5, seed=1), api_key=KEY)) as url:
        yield url


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that every user can reach, which those of pytest are not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def sync(base_url: str, folder: Path, command: Callable[..., Ended]) -> Sync:
    """Sync into two folders that do not exist yet, with an open umask; return the mode of everything in them."""

    def run(**environment: str) -> dict[str, int]:
        database = folder / "data" / "shared" / "portouts.duckdb"
        variables = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, **environment}
        before = os.umask(0)
        try:
            ended = command("sync", "--database", str(database), **variables)
        finally:
            os.umask(before)
        assert ended.code == 0, ended.err
        return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}

    return run


PUBLISHED, FOLDERS = "data/shared/portouts.duckdb", ("data", "data/shared")


@pytest.mark.parametrize(("mode", "of_folders"), [("0640", 0o750), ("0644", 0o755)], ids=["a group", "everybody"])
def test_whoever_may_read_the_published_file_reaches_it_and_nothing_else(
    mode: str, of_folders: int, sync: Sync
) -> None:
    found = sync(PUBLISH__MODE=mode)
    assert found.pop(PUBLISHED) == int(mode, 8)
    assert [found.pop(name) for name in FOLDERS] == [of_folders] * 2
    assert {name for name, mode in found.items() if mode not in (0o600, 0o700)} == set()


def test_it_comes_before_the_mode_of_the_file_that_is_replaced(sync: Sync, folder: Path) -> None:
    (folder / "data").mkdir(0o711)
    assert sync()[PUBLISHED] == 0o600
    (folder / PUBLISHED).chmod(0o640)
    assert sync()[PUBLISHED] == 0o640
    found = sync(PUBLISH__MODE="0644")
    assert found[PUBLISHED] == 0o644
    assert [found[name] for name in FOLDERS] == [0o711, 0o700]  # they were there


@pytest.mark.parametrize("group", [ANALYST, 0], ids=["of the group", "of another group"])
def test_an_analyst_of_a_common_group_reads_the_file(group: int, sync: Sync, folder: Path) -> None:
    """As the README says: the group of the folder is passed on to what is made in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of another group and become another user")
    os.chown(folder, 0, group)
    folder.chmod(0o2755)
    sync(PUBLISH__MODE="0640")
    working = folder / "data" / "shared" / ".portouts" / "portouts.duckdb" / "working.duckdb"
    read = [_read_as_analyst(folder / PUBLISHED), _read_as_analyst(working)]
    assert read == [group == ANALYST, False]


def _read_as_analyst(file: Path) -> bool:
    """Return whether another user can read a file; Python itself may lie where that user cannot run it."""
    done = subprocess.run(
        ["/usr/bin/head", "-c", "1", str(file)],
        user=ANALYST,
        group=ANALYST,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 or b"Permission denied" in done.stderr, done.stderr
    return done.returncode == 0
