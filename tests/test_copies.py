"""A copy is a clone where the file system makes clones, and else a copy that was compared with its original."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from portouts.warehouse.copies import copy
from portouts_sandbox import World
from simulated_account import Account

SIZE = 8_000_000


def system(*command: str) -> bool:
    """Run one of the system's own commands; return whether it succeeded."""
    if not (found := shutil.which(command[0])):
        return False
    return subprocess.run([found, *command[1:]], check=False, capture_output=True).returncode == 0


@pytest.fixture(params=["xfs", "btrfs"])
def cloning_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Mount a file system that makes clones, where that is permitted."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(400_000_000)
    if not (system(f"mkfs.{request.param}", str(image)) and system("mount", "-o", "loop", str(image), str(disk))):
        pytest.skip(f"no {request.param} can be mounted here")
    yield disk
    assert system("umount", "-l", str(disk))


def used(folder: Path) -> int:
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def test_a_clone_takes_no_space_and_neither_of_both_files_changes_with_the_other(cloning_disk: Path) -> None:
    original, clone = cloning_disk / "original", cloning_disk / "clone"
    content = os.urandom(SIZE)
    original.write_bytes(content)
    before = used(cloning_disk)
    copy(original, clone)
    assert clone.read_bytes() == content
    assert used(cloning_disk) - before < SIZE / 4
    assert clone.stat().st_mode & 0o777 == 0o600
    with clone.open("r+b") as file:
        file.write(b"changed")
    assert original.read_bytes() == content


@pytest.mark.slow
def test_syncs_on_a_disk_that_makes_clones_publish_what_the_api_shows(cloning_disk: Path) -> None:
    account = Account(World(60, seed=3), cloning_disk / "portouts.duckdb")
    for _ in range(3):
        account.sync(keep=1)
        held = account.ask("select id, status from raw.portouts order by all")
        assert held == sorted((order["id"], order["status"]) for order in account.world.orders())
        account.world.advance(timedelta(days=1))


@pytest.fixture
def plain_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system that makes no clones, where that is permitted."""
    disk = tmp_path / "plain"
    disk.mkdir()
    is_mounted = system("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk))
    yield disk
    if is_mounted:
        assert system("umount", "-l", str(disk))


@pytest.mark.parametrize("is_elsewhere", [True, False], ids=["to another disk", "on one disk"])
def test_where_no_clone_can_be_made_the_file_is_copied(is_elsewhere: bool, plain_disk: Path, tmp_path: Path) -> None:
    original, target = (tmp_path if is_elsewhere else plain_disk) / "original", plain_disk / "copy"
    original.write_bytes(os.urandom(SIZE))
    target.write_bytes(b"left by a killed run")
    target.chmod(0o644)
    copy(original, target)
    assert target.read_bytes() == original.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["a byte", "the end", "more"])
def test_a_copy_that_differs_in_one_byte_is_refused(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, copyfile = tmp_path / "original", shutil.copyfile
    original.write_bytes(os.urandom(SIZE))

    def copy_badly(source: Path, target: Path) -> None:
        content = bytearray(source.read_bytes())
        if damage == "a byte":
            content[SIZE // 2 + 7] ^= 1
        target.write_bytes(content[:-1] if damage == "the end" else content + b"x" * (damage == "more"))

    monkeypatch.setattr("portouts.warehouse.copies._clone", lambda *_files: False)
    monkeypatch.setattr(shutil, "copyfile", copy_badly)
    with pytest.raises(OSError, match="the copy differs from"):
        copy(original, tmp_path / "copy")
    monkeypatch.setattr(shutil, "copyfile", copyfile)
    copy(original, tmp_path / "copy")
