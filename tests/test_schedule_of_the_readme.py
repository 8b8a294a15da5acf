"""The section "Every 15 minutes" of README.md, typed as it stands: the runs end right, and need nobody."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import portouts_command
import pytest
import schedules
from gated_api import GatedApi
from portouts.verify.comparison import Verdict
from portouts_sandbox import World, create_app, running
from simulated_account import ask

ROOT = Path(__file__).parents[1]
CRONTAB = """#!/bin/sh
case $1 in
    -l) cat "$0.table" ;;
    -) cat >"$0.new" && mv "$0.new" "$0.table" ;;
esac
"""


def commands_of_the_section() -> list[list[str]]:
    """Return the commands of each block of the section."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Every 15 minutes\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```console\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in blocks]


def test_the_section_has_at_most_ten_commands() -> None:
    cron, systemd = commands_of_the_section()
    assert len(cron) + len(systemd) <= 10


class Clone(NamedTuple):
    """A folder in which a reader types, with a simulated account."""

    folder: Path
    world: World
    api: GatedApi
    base_url: str

    @property
    def database(self) -> Path:
        return self.folder / "data" / "portouts.duckdb"

    @property
    def crontab(self) -> str:
        return (self.folder / "bin" / "crontab.table").read_text(encoding="utf-8")

    def type(self, command: str) -> None:
        """Type a command without a terminal and a home, with portouts and a crontab of our own on the path."""
        places = (self.folder / "bin", Path(sys.executable).parent, "/usr/bin", "/bin")
        environment = {"PATH": ":".join(map(str, places)), "TELNYX_API_KEY": portouts_command.KEY, "LANG": "C"}
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done

    def start(self, job: str) -> subprocess.Popen[bytes]:
        return schedules.start_as_cron(job, Path("/"))

    def run(self, job: str) -> int:
        return self.start(job).wait(timeout=120)

    def let_pass_what_waits(self) -> None:
        """Open the gate, and return when the server has read the requests that a killed run has left to it."""
        self.api.open()
        with httpx.Client(base_url=self.base_url) as client:
            assert client.get("/portouts").status_code == 401


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """Make an empty folder; where the account answers, its settings say."""
    crontab = tmp_path / "bin" / "crontab"
    crontab.parent.mkdir()
    crontab.write_text(CRONTAB)
    crontab.chmod(0o755)
    begins = datetime.now(UTC) - timedelta(hours=2)
    world = World(600, seed=5, starts_at=begins - timedelta(days=90), now=begins)
    api = GatedApi(create_app(world, api_key=portouts_command.KEY))
    with running(api) as base_url:
        (tmp_path / ".dlt").mkdir()
        (tmp_path / "data" / ".dlt").mkdir(parents=True)
        (tmp_path / "data" / ".dlt" / "config.toml").write_text(f'[sources.telnyx]\nbase_url = "{base_url}"\n')
        yield Clone(tmp_path, world, api, base_url)
        api.open()


@pytest.mark.slow
def test_three_runs_by_cron_one_killed_and_one_overlapping_end_right(clone: Clone) -> None:
    for command in commands_of_the_section()[0]:
        clone.type(command)
    [(_, sync), (_, verify)] = schedules.cron_jobs(clone.crontab)

    clone.api.close_after(4)
    killed = clone.start(sync)
    clone.api.wait_until_somebody_waits()
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not clone.database.exists()
    clone.let_pass_what_waits()

    clone.api.close_after(2)
    first = clone.start(sync)
    clone.api.wait_until_somebody_waits()
    assert clone.run(sync) == 75
    clone.api.open()
    assert first.wait(timeout=120) == 0
    shows_what_the_api_shows(clone)

    clone.world.add_order(inserted_at=clone.world.now)
    clone.world.advance(timedelta(minutes=75))  # four runs were missed
    assert [clone.run(sync), clone.run(verify)] == [0, 0]
    shows_what_the_api_shows(clone)
    assert ask(clone.database, "select distinct verdict from raw.verifications") == [(Verdict.PROVEN,)]

    log = (clone.database.parent / "portouts.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    ended = [(line["command"], line["exit_code"]) for line in lines if line["event"] == "summary"]
    assert ended == [("sync", 75), ("sync", 0), ("sync", 0), ("verify", 0)]
    assert portouts_command.KEY not in log


def shows_what_the_api_shows(clone: Clone) -> None:
    shown = sorted((order["id"], order["status"]) for order in clone.world.orders())
    assert len(shown) >= 600
    assert sorted(ask(clone.database, "select portout_id, status from marts.fct_portouts")) == shown


def test_the_units_are_those_that_systemd_accepts_and_deploy_says_the_same(clone: Clone) -> None:
    key, *_ = commands_of_the_section()[0]
    deploy, *steps = commands_of_the_section()[1]
    clone.type(key)
    clone.type(f"{deploy} > said")
    said = (clone.folder / "said").read_text(encoding="utf-8")
    shown = [sorted(shlex.split(line)) for line in said.partition("\nNext:\n")[2].splitlines()]
    assert shown == [sorted(expanded(step, clone.folder)) for step in steps]
    schedules.needs_systemd()
    units = clone.folder / "data" / "schedule"
    verified = schedules.analyze("verify", "portouts@sync.service", "portouts-verify.timer", units=units)
    assert (verified.returncode, verified.stderr) == (0, "")


def expanded(step: str, folder: Path) -> list[str]:
    """Return the words of a command, with files for the patterns that name them."""
    words = []
    for word in shlex.split(step):
        found = sorted(folder.glob(word)) if "*" in word else []
        words += list(map(str, found)) or [word]
    return words
