"""The workflow for GitHub Actions and the asset for Dagster, run for real: what each of their runs leaves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import portouts_command
import pytest
import yaml  # type: ignore[import-untyped] # PyYAML has no annotations
from gated_api import GatedApi
from portouts.commands.jobs.deploy import Kind, Schedule, render
from portouts.warehouse.folders import holding_lock
from portouts_sandbox import World, create_app, running
from simulated_account import ask

pytestmark = pytest.mark.slow  # several syncs a test

NOWHERE = "http://127.0.0.1:9/v2"
# Storage is a folder. As Amazon's command does, this one fails if there is no such object.
AWS = """#!/bin/sh
[ "$1" = --endpoint-url ] && shift 2
[ "$1 $2 $3" = "s3 cp --no-progress" ] || exit 252
[ -n "$AWS_ACCESS_KEY_ID$AWS_SECRET_ACCESS_KEY" ] || exit 253
place() { case $1 in s3://*) echo "$STORE/${1#s3://bucket/}" ;; *) echo "$1" ;; esac; }
mkdir -p "$(dirname "$(place "$5")")" && cp "$(place "$4")" "$(place "$5")"
"""


class Account(NamedTuple):
    """A simulated account that is served on loopback."""

    world: World
    api: GatedApi
    base_url: str
    requests: list[str]

    def truth(self) -> list[tuple[str, str]]:
        return sorted((order["id"], order["status"]) for order in self.world.orders())


@pytest.fixture
def account() -> Iterator[Account]:
    begins = datetime.now(UTC) - timedelta(hours=2)
    world = World(300, seed=5, starts_at=begins - timedelta(days=90), now=begins)
    app = create_app(world, api_key=portouts_command.KEY)
    api = GatedApi(app)
    with running(api) as base_url:
        yield Account(world, api, base_url, app.state.requests)
        api.open()


def held(database: Path) -> list[tuple[Any, ...]]:
    return ask(database, "select portout_id, status from marts.fct_portouts order by all")


def schedule_of(folder: Path) -> Schedule:
    key_file = folder / "telnyx-api-key"
    return Schedule(
        command=(sys.executable, "-m", "portouts"),
        database=folder / "portouts.duckdb",
        key_file=key_file,
        minutes=15,
        user="daemon",
        uid=1,
        gid=1,
    )


# GitHub Actions


class Runner:
    """What GitHub's runner does with the steps of a job that run a command, in an empty folder each time."""

    def __init__(self, folder: Path, account: Account) -> None:
        self._folder, self._base_url = folder, account.base_url
        self._runs = 0
        text = render(Kind.GITHUB_ACTIONS, schedule_of(folder))["portouts.yml"]
        self._job = yaml.safe_load(text)["jobs"]["sync"]
        aws = folder / "bin" / "aws"
        aws.parent.mkdir()
        aws.write_text(AWS)
        aws.chmod(0o755)
        (folder / "temporary").mkdir()
        (folder / "temporary" / "venv").symlink_to(sys.prefix)

    @property
    def object(self) -> Path:
        return self._folder / "store" / "portouts.duckdb"

    def run(self, *, first: bool = False, base_url: str | None = None) -> list[str]:
        """Return the names of the steps that succeeded, up to the first that failed."""
        self._runs += 1
        workspace = self._folder / f"workspace {self._runs}"
        workspace.mkdir()
        done: list[str] = []
        for step in self._job["steps"]:
            if "run" not in step or step["name"] == "Install" or (first and "if" in step):
                continue
            given = {**self._job["env"], **step.get("env", {}), "TELNYX_BASE_URL": base_url or self._base_url}
            if subprocess.run(
                ["/bin/bash", "-e", "-c", step["run"]], cwd=workspace, env=self._environment(given), check=False
            ).returncode:
                return done
            done.append(step["name"])
        return done

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        values = {
            "${{ vars.PORTOUTS_OBJECT }}": "s3://bucket/portouts.duckdb",
            "${{ vars.PORTOUTS_STORAGE }}": "https://storage.test",
            "${{ vars.AWS_REGION }}": "eu-west-1",
            "${{ secrets.AWS_ACCESS_KEY_ID }}": "ID_NOT_A_SECRET",
            "${{ secrets.AWS_SECRET_ACCESS_KEY }}": "NOT_A_SECRET",
            "${{ secrets.TELNYX_API_KEY }}": portouts_command.KEY,
        }
        return {
            **{name: values.get(value, value) for name, value in given.items()},
            "PATH": f"{self._folder / 'bin'}:/usr/bin:/bin",
            "RUNNER_TEMP": str(self._folder / "temporary"),
            "STORE": str(self._folder / "store"),
        }


ALL = ["Fetch the database", "Sync", "Put the database back"]


def test_a_runner_that_keeps_nothing_goes_on_from_the_published_file(account: Account, tmp_path: Path) -> None:
    runner = Runner(tmp_path, account)
    assert runner.run() == []
    assert account.requests == []
    assert runner.run(first=True) == ALL[1:]
    assert held(runner.object) == account.truth()

    asked = len(account.requests)
    account.world.add_order(inserted_at=account.world.now)
    account.world.advance(timedelta(minutes=75))
    assert runner.run() == ALL
    assert held(runner.object) == account.truth()
    assert ask(runner.object, "select count(*) from raw.syncs") == [(2,)]
    assert len(account.requests) - asked < asked

    before = runner.object.read_bytes()
    assert runner.run(base_url=NOWHERE) == ALL[:1]
    assert runner.object.read_bytes() == before


def test_only_the_step_that_syncs_sees_the_key_and_only_the_storage_sees_its_own(
    account: Account, tmp_path: Path
) -> None:
    text = render(Kind.GITHUB_ACTIONS, schedule_of(tmp_path))["portouts.yml"]
    job = yaml.safe_load(text)["jobs"]["sync"]
    seen = {step.get("name"): sorted(name for name in step.get("env", {}) if "KEY" in name) for step in job["steps"]}
    of_storage = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    assert {name: keys for name, keys in seen.items() if keys} == dict(
        zip(ALL, [of_storage, ["TELNYX_API_KEY"], of_storage], strict=True)
    )
    assert "secrets" not in str(job["env"])
    assert account.requests == []


# Dagster


@pytest.fixture
def definitions(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load the file as Dagster does."""
    (tmp_path / "telnyx-api-key").write_text(portouts_command.KEY)
    (tmp_path / "telnyx-api-key").chmod(0o600)
    monkeypatch.setenv("TELNYX_BASE_URL", account.base_url)
    file = tmp_path / "portouts_dagster.py"
    file.write_text(render(Kind.DAGSTER, schedule_of(tmp_path))["portouts_dagster.py"])
    spec = spec_from_file_location("portouts_dagster", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_of(definitions: Any, tmp_path: Path) -> dg.ExecuteInProcessResult:
    """Run the job of the schedule."""
    home = tmp_path / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return dg.materialize([definitions.portouts], instance=instance, raise_on_error=False)


def test_dagster_syncs_and_the_certificate_becomes_a_check(account: Account, definitions: Any, tmp_path: Path) -> None:
    result = run_of(definitions, tmp_path)
    [check] = result.get_asset_check_evaluations()
    assert (result.success, check.check_name, check.passed) == (True, "proven", True)
    assert check.metadata["verdict"].value == "PROVEN"
    [materialised] = result.asset_materializations_for_node("portouts")
    assert materialised.metadata["orders_changed"].value == 300
    assert held(tmp_path / "portouts.duckdb") == account.truth()


def test_another_verdict_fails_the_check_and_not_the_run(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_otherwise = f'{sys.executable} -m portouts "$@" | sed \'s/"PROVEN"/"UNPROVEN"/\''
    monkeypatch.setattr(definitions, "COMMAND", ["/bin/sh", "-c", said_otherwise, "sh"])
    result = run_of(definitions, tmp_path)
    [check] = result.get_asset_check_evaluations()
    assert (result.success, check.passed, check.metadata["verdict"].value) == (True, False, "UNPROVEN")


def test_the_schedule_is_one_that_runs_the_asset(definitions: Any) -> None:
    repository = definitions.defs.get_repository_def()
    [schedule] = repository.schedule_defs
    assert (schedule.cron_schedule, schedule.default_status) == ("*/15 * * * *", dg.DefaultScheduleStatus.RUNNING)
    assert [str(key.to_user_string()) for key in repository.asset_graph.get_all_asset_keys()] == ["portouts"]


def test_a_sync_that_failed_fails_the_run_and_says_why(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", NOWHERE)
    result = run_of(definitions, tmp_path)
    [failed] = [event for event in result.all_events if event.is_step_failure]
    assert not result.success
    assert "portouts sync ended with exit code 1" in str(failed.step_failure_data.error_display_string)
    assert "127.0.0.1" in str(failed.step_failure_data.error_display_string)


def test_a_run_that_finds_another_sync_at_work_is_tried_again(definitions: Any, tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    folder = tmp_path / ".portouts" / database.name
    folder.mkdir(parents=True)
    with holding_lock(database, folder), pytest.raises(dg.RetryRequested) as asked:
        list(definitions.portouts.op.compute_fn.decorated_fn())
    assert (asked.value.max_retries, asked.value.seconds_to_wait) == (5, 60)
