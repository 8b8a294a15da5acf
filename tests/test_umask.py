"""Whatever the umask, every file and folder that a command makes is its owner's alone, who can read and write it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import portouts_command
import pytest
from portouts_sandbox import World, create_app, running

pytestmark = pytest.mark.slow  # a process for each command

COMMANDS = (
    ("sync", "--keep", "1"),
    ("sync", "--keep", "1"),
    ("models", "--full"),
    ("verify",),
    ("report",),
    ("redact", "--pii", "drop", "--yes"),
    ("status",),
)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(("mask", "commands"), [(0o000, COMMANDS), (0o777, COMMANDS[:2])], ids=["000", "777"])
def test_every_command_makes_files_for_their_owner(
    mask: int, commands: Sequence[Sequence[str]], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    before, made = set(tmp_path.rglob("*")), set[Path]()
    with running(create_app(World(20, seed=3), api_key=portouts_command.KEY)) as base_url:
        for arguments in commands:
            with umask(mask):
                process = portouts_command.start(
                    *arguments, folder=tmp_path, TELNYX_API_KEY=portouts_command.KEY, TELNYX_BASE_URL=base_url
                )
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, (arguments, out, err)
            made = {path for path in tmp_path.rglob("*") if path not in before and not path.is_symlink()}
            modes = {path: path.stat().st_mode & 0o777 for path in made}
            assert {
                (arguments[0], path, oct(mode))
                for path, mode in modes.items()
                if mode != (0o700 if path.is_dir() else 0o600)
            } == set()
    assert {"portouts.duckdb", "working.duckdb", "lock"} <= {path.name for path in made}
    assert ("portouts-report.html" in {path.name for path in made}) == (("report",) in commands)
    assert [path for path in made if path.parent.name == "versions"]
