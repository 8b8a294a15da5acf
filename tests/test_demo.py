"""The parts of the demo: its settings, its two syncs, how it compares, what it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import portouts_command
import pytest
from portouts.commands.jobs.demo import (
    BEGINS,
    DemoOutcome,
    count_differences,
    demo_settings,
    published_statuses,
    read_answers,
    run_demo,
)
from portouts.commands.terminal.demo_files import DemoFiles
from portouts_command import Ended
from portouts_sandbox import World

BASE_URL = "http://127.0.0.1:9/v2"
REPORTS = Path(__file__).parents[1] / "sql" / "reports"


class Bars:
    """Bars by the names of their steps: the last done and total of each."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, int]] = {}

    def add(self, step: str) -> Callable[[int, int], None]:
        def show(done: int, total: int) -> None:
            self.shown[step] = (done, total)

        return show


class Shown(NamedTuple):
    """A demo, the bars that it showed, and the environment before and after it."""

    outcome: DemoOutcome
    bars: Bars
    environments: list[dict[str, str]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    bars, before = Bars(), dict(os.environ)
    database = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    outcome = run_demo(database, 60, 3, lambda: datetime.now(UTC), bars.add)
    return Shown(outcome, bars, [before, dict(os.environ)])


def test_a_demo_leaves_the_environment_as_it_was(demo: Shown) -> None:
    before, after = demo.environments
    changeable = {"PYTEST_CURRENT_TEST"}
    assert {item for item in before.items() ^ after.items() if item[0] not in changeable} == set()


def test_a_demo_syncs_twice_thirty_days_apart(demo: Shown) -> None:
    first, second = demo.outcome.syncs
    assert (first.as_of, second.as_of) == (BEGINS, BEGINS + timedelta(days=30))
    assert (first.is_proven, second.is_proven) == (True, True)
    assert first.orders_changed == 60
    assert second.orders_changed > 0
    assert 0 < second.report.orders_read < first.report.orders_read


def test_a_demo_shows_a_full_bar_for_each_sync(demo: Shown) -> None:
    assert [*demo.bars.shown] == ["First load", "30 days later"]
    assert all(0 < done <= total for done, total in demo.bars.shown.values())


def test_a_demo_holds_what_its_world_shows(demo: Shown) -> None:
    outcome = demo.outcome
    assert (outcome.orders, outcome.differences) == (len(published_statuses(outcome.database)), 0)
    assert outcome.orders > 60


def test_an_order_that_is_missing_or_has_another_status_is_one_difference() -> None:
    world = World(10, seed=3, now=BEGINS)
    statuses = {order["id"]: order["status"] for order in world.orders()}
    missing, changed, *_ = statuses
    assert count_differences(statuses, world) == 0
    assert count_differences({**statuses, changed: "unheard-of"}, world) == 1
    del statuses[missing]
    assert count_differences({**statuses, changed: "unheard-of", "surplus": "ported"}, world) == 3


def test_every_question_of_the_reports_is_answered(demo: Shown) -> None:
    outcome = demo.outcome
    assert outcome.answers == read_answers(outcome.database)
    questions = [path.read_text("utf-8").splitlines()[0] for path in sorted(REPORTS.glob("*.sql"))]
    assert [f"-- {answer.question}" for answer in outcome.answers] == questions
    assert all(answer.rows and len(answer.columns) == len(answer.rows[0]) for answer in outcome.answers)


def test_settings_of_a_demo_are_the_defaults_with_the_inventory_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("TELNYX_API_KEY", "KEY_CANARY"),
        ("TELNYX_BASE_URL", "https://elsewhere.test"),
        ("SOURCES__TELNYX__PII", "drop"),
    ):
        monkeypatch.setenv(name, value)
    settings = demo_settings(BASE_URL)
    source = settings.source
    assert (source.base_url, source.pii, "CANARY" in source.api_key) == (BASE_URL, "keep", False)
    assert source.inventory
    assert {*settings.found} == {"api_key", "base_url", "inventory"}


def test_a_demo_is_cleared_with_its_working_state_and_nothing_else(tmp_path: Path) -> None:
    database, other = tmp_path / "demo.duckdb", tmp_path / ".portouts" / "mine.duckdb" / "working.duckdb"
    for file in (database, tmp_path / ".portouts" / "demo.duckdb" / "working.duckdb", other):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    DemoFiles(database).clear()
    DemoFiles(database).clear()
    mark = tmp_path / ".portouts" / "demo.duckdb" / "demo"
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {other, mark}


# The demo as a user runs it


@pytest.mark.parametrize("name", ["mine.duckdb", "mine.html", ".portouts/mine.duckdb/working.duckdb"])
def test_a_demo_replaces_nothing_that_no_demo_has_made(
    name: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"years of work")
    ended = command("demo", "--database", "mine.duckdb")
    assert ended.code == 2
    assert f"{file.parent if file.name == 'working.duckdb' else Path(name)} exists already" in ended.err
    assert file.read_bytes() == b"years of work"


def test_a_demo_replaces_an_earlier_one_and_prints_commands_as_it_was_called(tmp_path: Path) -> None:
    scripts, demo = sysconfig.get_path("scripts"), "demo --no-report --orders 5 --database 'a b.duckdb'"
    for program, path in ((os.path.relpath(f"{scripts}/portouts", tmp_path), ""), ("portouts", f"{scripts}:")):
        environment = {**os.environ, "PATH": f"{path}/usr/bin:/bin"}
        run = partial(subprocess.run, cwd=tmp_path, env=environment, capture_output=True, text=True)
        lines = run(["/bin/sh", "-c", f"{program} {demo}"]).stdout.splitlines()
        commands = [line.strip() for line in lines if line.startswith(f"  {program}")]
        assert commands == [f"{program} report --database 'a b.duckdb'", f"{program} doctor"]
        for line in commands:
            assert "Usage: portouts" in run(["/bin/sh", "-c", f"{line} --help"]).stdout
        (tmp_path / "a b.duckdb").unlink()
        (tmp_path / "a b.html").write_text("of the demo before")


def test_a_demo_shows_the_whole_job_and_no_difference(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("demo", "--json", "--no-report", "--orders", "25", PORTOUTS_DATABASE="mine.duckdb")
    assert ended.code == 0
    shown = json.loads(ended.out)
    assert shown["differences"] == 0
    assert shown["orders"] >= 25
    first, second = (datetime.fromisoformat(sync["as_of"]) for sync in shown["syncs"])
    assert second - first == timedelta(days=30)
    assert len(shown["answers"]) == 4
    assert all(shown["answers"].values())
    # The simulated account must not become the start of the real one's warehouse.
    assert shown["database"] == "data/portouts-demo.duckdb"
    assert not (tmp_path / "mine.duckdb").exists()


@pytest.mark.slow
def test_a_demo_has_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[sources.telnyx]\nstart_date = "2026-05-01"\npi = "drop"\n')
    (tmp_path / ".dlt" / "secrets.toml").write_text("no TOML")
    code, shown, err = portouts_command.run(
        *("demo", "--json", "--no-report", "--orders", "25"),
        folder=tmp_path,
        SOURCES__TELNYX__TIME_ZONE="Mars/Olympus",
        PII="blur",
    )
    assert code == 0, err
    assert isinstance(shown, dict)
    assert shown["differences"] == 0
    assert shown["orders"] >= 25


@pytest.mark.slow
def test_a_demo_needs_no_certificates(tmp_path: Path) -> None:
    code, _, err = portouts_command.run(
        *("demo", "--json", "--no-report", "--orders", "25"), folder=tmp_path, SSL_CERT_FILE="missing.pem"
    )
    assert code == 0, err
