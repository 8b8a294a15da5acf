"""`portouts deploy` writes files that cron, systemd, Compose and Dagster read as meant, whatever the paths."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schedules
import yaml  # type: ignore[import-untyped] # PyYAML has no annotations
from portouts.commands.jobs.deploy import Kind, Schedule, deploy_folder, render, write_deployment
from portouts.errors import SettingsError
from portouts_command import Ended

NAMES = [
    "plain",
    "a blank",
    "it's",
    'quo"te',
    "50% sure %h %d",
    "$HOME ${x} `id`",
    "#; & | * ?",
    "Zürich",
    "a=b:c",
    "-",
]
ON = True  # what YAML 1.1 makes of `on`


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that other users may enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def schedule_in(folder: Path, **given: Any) -> Schedule:
    """Return a schedule whose every path lies in one folder."""
    named = {
        "command": (str(folder / "bin" / "portouts"),),
        "database": folder / "portouts.duckdb",
        "key_file": folder / "key",
        "minutes": 15,
        "user": "daemon",
        "uid": 1,
        "gid": 2,
        "config": folder / "telnyx.toml",
        "state_dir": folder / "state",
    }
    return Schedule(**{**named, **given})


def recorder(folder: Path) -> Path:
    """Write a program that records how it was started."""
    program = folder / "bin" / "portouts"
    program.parent.mkdir(parents=True)
    script = (
        "import json, os, sys; "
        "print(json.dumps([sys.argv[1:], os.environ.get('TELNYX_API_KEY_FILE')]), file=sys.stderr)"
    )
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(script)} "$@"\n')
    program.chmod(0o755)
    return program


# Every name of a folder


@pytest.mark.parametrize("name", NAMES)
def test_cron_starts_what_was_meant(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    recorder(folder)
    schedule = schedule_in(folder)
    [(minutes, sync), (_, verify)] = schedules.cron_jobs(render(Kind.CRON, schedule)["portouts.cron"])
    assert minutes == "*/15 * * * *"
    assert [schedules.run_as_cron(job, tmp_path) for job in (sync, verify)] == [0, 0]
    recorded = [json.loads(line) for line in (folder / "portouts.log").read_text().splitlines()]
    words = [*schedule.arguments, "--log-format", "json"]
    assert recorded == [[[job, *words], str(folder / "key")] for job in ("sync", "verify")]
    assert (folder / "portouts.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", NAMES)
def test_systemd_starts_what_was_meant(name: str, open_folder: Path) -> None:
    folder = open_folder / name
    recorder(folder)
    units = written(Kind.SYSTEMD, schedule_in(folder), open_folder / "units")
    understood = schedules.understood_by_systemd("portouts@sync.service", units)
    [words] = schedules.command_lines(understood)
    shell = ["/bin/sh", "-c", 'exec "$@"', "sh"] if set(name) & {'"', "'"} else []
    schedule = schedule_in(folder)
    assert words == [*shell, *schedule.command, "sync", *schedule.arguments]
    writable = [line.partition(": ")[2] for line in understood.splitlines() if "ReadWritePaths: " in line]
    assert " ".join(writable) == f"{folder} {folder / 'state'}"
    assert "TELNYX_API_KEY_FILE=/run/credentials/portouts@sync.service/telnyx-api-key\n" in understood
    escaped = str(folder / "key").replace("%", "%%")
    assert f"\nLoadCredential=telnyx-api-key:{escaped}\n" in (units / "portouts@.service").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_compose_mounts_what_was_meant(name: str, tmp_path: Path) -> None:
    schedule = schedule_in(tmp_path / name, database=tmp_path / name / f"{name}.duckdb")
    compose = yaml.safe_load(render(Kind.DOCKER, schedule)["compose.yaml"])
    service = compose["services"]["portouts"]
    found = service["volumes"][0]["source"], compose["secrets"]["telnyx-api-key"]["file"]
    database = service["environment"]["PORTOUTS_DATABASE"]
    assert [interpolated(value) for value in (*found, database)] == [
        str(tmp_path / name),
        str(schedule.key_file),
        f"/data/{name}.duckdb",
    ]
    assert (service["user"], service["entrypoint"]) == ("1:2", ["portouts-every", "900"])


def interpolated(value: str) -> str:
    """Read a value as Compose does; a lone dollar sign would name a variable."""
    assert "$" not in value.replace("$$", "")
    return value.replace("$$", "$")


@pytest.mark.parametrize("name", NAMES)
def test_dagster_starts_what_was_meant(name: str, tmp_path: Path) -> None:
    schedule = schedule_in(tmp_path / name, command=(sys.executable, "-m", name))
    tree = ast.parse(render(Kind.DAGSTER, schedule)["portouts_dagster.py"])
    assigned = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    }
    assert assigned["COMMAND"] == list(schedule.command)
    assert assigned["ARGUMENTS"] == list(schedule.arguments)
    assert assigned["API_KEY_FILE"] == str(schedule.key_file)


@pytest.mark.parametrize("character", ["\n", "\t", "\\", "\x7f", "\udce4"], ids=ascii)
@pytest.mark.parametrize("kind", Kind)
def test_a_path_that_a_schedule_cannot_name_is_refused(kind: Kind, character: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a schedule cannot name a path"):
        render(kind, schedule_in(tmp_path / f"a{character}b"))


# systemd's own judgement


def written(kind: Kind, schedule: Schedule, folder: Path) -> Path:
    folder.mkdir()
    for name, text in render(kind, schedule).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    schedules.needs_systemd()
    recorder(tmp_path)
    units = written(Kind.SYSTEMD, schedule_in(tmp_path), tmp_path / "units")
    names = ["portouts@sync.service", "portouts@verify.service", "portouts-sync.timer", "portouts-verify.timer"]
    verified = schedules.analyze("verify", *names, units=units)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    (units / "portouts@.service").write_text("[Service]\nType=oneshot\nExecStart=nowhere\n")
    assert schedules.analyze("verify", *names, units=units).returncode != 0


def test_systemd_judges_the_exposure_of_the_service_as_ok(tmp_path: Path) -> None:
    schedules.needs_systemd()
    units = written(Kind.SYSTEMD, schedule_in(tmp_path), tmp_path / "units")
    service = (units / "portouts@.service").rename(units / "portouts.service")

    def is_below(tenths: int) -> bool:
        arguments = ("security", "--offline=true", f"--threshold={tenths}", "--no-pager", str(service))
        return schedules.analyze(*arguments, units=units).returncode == 0

    assert is_below(20)
    service.write_text(service.read_text().replace("SystemCallFilter=@system-service\n", ""))
    assert not is_below(20)


@pytest.mark.parametrize("minutes", [5, 10, 15, 20, 30, 60])
def test_every_interval_is_one_for_cron_systemd_github_and_dagster(minutes: int, tmp_path: Path) -> None:
    schedule = schedule_in(tmp_path, minutes=minutes)
    [(fields, _), _] = schedules.cron_jobs(render(Kind.CRON, schedule)["portouts.cron"])
    assert len(minutes_of(fields.split()[0])) == 60 // minutes
    workflow = yaml.safe_load(render(Kind.GITHUB_ACTIONS, schedule)["portouts.yml"])
    assert len(minutes_of(workflow[ON]["schedule"][0]["cron"].split()[0])) == 60 // minutes
    assert f'cron_schedule="{fields}"' in render(Kind.DAGSTER, schedule)["portouts_dagster.py"]
    timer = written(Kind.SYSTEMD, schedule, tmp_path / "units") / "portouts-sync.timer"
    [calendar] = re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
    assert calendar == (f"*:0/{minutes}" if minutes < 60 else "*:00")
    schedules.needs_systemd()
    assert schedules.analyze("calendar", calendar, units=tmp_path).returncode == 0


def minutes_of(field: str) -> list[int]:
    """Return the minutes that a field of cron names."""
    span, _, step = field.partition("/")
    first, _, last = span.replace("*", "0-59").partition("-")
    return list(range(int(first), int(last or first) + 1, int(step or 60)))


def test_the_workflow_is_one_by_the_schema_of_github(tmp_path: Path) -> None:
    workflow = written(Kind.GITHUB_ACTIONS, schedule_in(tmp_path), tmp_path / "workflows") / "portouts.yml"

    def check() -> int:
        program = Path(sys.executable).with_name("check-jsonschema")
        arguments = [str(program), "--builtin-schema", "vendor.github-workflows", str(workflow)]
        return subprocess.run(arguments, capture_output=True, check=False).returncode

    assert check() == 0
    workflow.write_text(workflow.read_text().replace("runs-on:", "runs_on:"))
    assert check() != 0


# The command


def test_the_files_name_this_installation_and_the_next_commands_are_shown(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = command("deploy", "cron", "--output", "files", "--database", "my data/p.duckdb", "--every", "30m", "--json")
    shown = json.loads(ended.out)
    crontab = tmp_path / "files" / "portouts.cron"
    assert (ended.code, shown["written"], shown["unchanged"]) == (0, [str(crontab)], [])
    [(fields, job), _] = schedules.cron_jobs(crontab.read_text())
    program = Path(sys.executable).with_name("portouts")
    assert fields == "*/30 * * * *"
    assert (
        f"{shlex.quote(str(program))} sync --database '{tmp_path}/my data/p.duckdb' --log-format json >/dev/null 2>>"
        in job
    )
    folder, key, install = shown["next"]
    assert folder == f"mkdir -p -m 700 '{tmp_path}/my data'"
    assert key.endswith(f"> '{tmp_path}/my data/telnyx-api-key')")
    assert install == f"(crontab -l 2>/dev/null; cat {crontab}) | crontab -"
    text = command("deploy", "cron", "--output", "files", "--database", "my data/p.duckdb", "--every", "30")
    assert f"unchanged: {crontab}\n" in text.out
    assert f"    {install}\n" in text.out


@pytest.mark.parametrize("kind", Kind)
def test_a_file_that_differs_is_replaced_by_force_only(
    kind: Kind, command: Callable[..., Ended], tmp_path: Path
) -> None:
    assert command("deploy", kind, "--output", "files").code == 0
    files = sorted((tmp_path / "files").iterdir())
    before = {file: file.read_text(encoding="utf-8") for file in files}
    assert files
    files[-1].write_text("mine")
    if len(files) > 1:
        files[0].unlink()
    refused = command("deploy", kind, "--output", "files")
    assert (refused.code, str(files[-1]) in refused.err, "--force" in refused.err) == (2, True, True)
    assert (files[-1].read_text(), files[0].exists()) == ("mine", len(files) == 1)
    assert command("deploy", kind, "--output", "files", "--force").code == 0
    assert {file: file.read_text(encoding="utf-8") for file in files} == before


@pytest.mark.parametrize("kind", Kind)
def test_no_file_holds_the_key(kind: Kind, command: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text('[sources.telnyx]\napi_key = "KEY_CANARY_IN_FILE"\n')
    (tmp_path / "key").write_text("KEY_CANARY_IN_KEY_FILE")
    ended = command(
        "deploy",
        kind,
        "--output",
        "files",
        "--api-key-file",
        "key",
        TELNYX_API_KEY="KEY_CANARY_IN_VARIABLE",
    )
    assert ended.code == 0
    texts = [ended.out, ended.err, *(file.read_text() for file in (tmp_path / "files").iterdir())]
    assert [text for text in texts if "CANARY" in text] == []


def test_what_a_person_may_not_have_meant_is_noted(tmp_path: Path) -> None:
    def notes_on(kind: Kind, folder: Path, uid: int) -> list[str]:
        given = schedule_in(folder, command=("/opt/portouts/bin/portouts",), uid=uid)
        return write_deployment(kind, given, tmp_path / "files", force=True).notes

    assert notes_on(Kind.SYSTEMD, Path("/srv/portouts"), 1) == []
    [as_root] = notes_on(Kind.DOCKER, Path("/srv/portouts"), 0)
    assert "run as root" in as_root
    [hidden] = notes_on(Kind.SYSTEMD, Path("/var/tmp/portouts"), 1)  # noqa: S108 (a name, no file)
    assert "will not find /var/tmp/portouts/portouts.duckdb" in hidden
    assert notes_on(Kind.CRON, Path("/var/tmp/portouts"), 0) == []  # noqa: S108 (a name, no file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cron",), "--output"),
        (("at", "--output", "files"), "at"),
        (("cron", "--output", "files", "--every", "7"), "is not one of 5, 10, 15, 20, 30, 60"),
        (("cron", "--output", "files", "--user", "no-such-user"), "this machine has no such user"),
        (("docker", "--output", "files", "--state-dir", "elsewhere"), "leave out --config and --state-dir"),
        (("docker", "--output", "files", "--config", "elsewhere"), "leave out --config and --state-dir"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_refused_and_writes_nothing(
    arguments: tuple[str, ...], said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = command("deploy", *arguments)
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_failure_that_names_it(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    ended = command("deploy", "cron", "--output", "file/below")
    assert (ended.code, f"{tmp_path}/file" in ended.err) == (1, True)


def test_no_template_has_a_place_that_nothing_fills(tmp_path: Path) -> None:
    assert {folder.name for folder in deploy_folder().iterdir()} == set(Kind)
    schedule = replace(schedule_in(tmp_path), config=None, state_dir=None)
    for kind in Kind:
        texts = render(kind, schedule)
        assert [name for name, text in texts.items() if "@command" in text or "@database" in text] == []
