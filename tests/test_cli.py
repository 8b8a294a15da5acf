"""The command line: what it prints where, what it exits with, and what it must not need to do so."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import duckdb
import httpx
import portouts_command
import pytest
import typer.main
from portouts.commands.app import app
from portouts.records.time_zones import rules_version
from portouts_sandbox import World, create_app, running
from simulated_account import ask
from typer.testing import CliRunner

COMMANDS: Mapping[str, click.Command] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group
HEAVY = ("dlt", "duckdb", "httpx", "matplotlib", "nbclient", "pandas", "pyarrow", "starlette", "uvicorn", "rich.table")
ORDERS = 120


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    # The command itself changes these, which must not outlive the test.
    monkeypatch.setenv("DLT_DATA_DIR", os.environ["DLT_DATA_DIR"])
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")

    def run(*arguments: str, **environment: str) -> Ended:
        ended = CliRunner().invoke(app, arguments, prog_name="portouts", env=environment)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    return run


def imported_by(*arguments: str, folder: Path, **environment: str) -> tuple[int, list[str]]:
    """Run a command in a process of its own; return its exit code and which of the slow imports it made."""
    script = (
        "import sys\nfrom portouts.commands.app import main\n"
        f"try:\n    main()\nfinally:\n    print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()[-1].split()


# What is fast


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["sync", "--help"], 0),
        (["sync"], 2),
        (["sync", "--as-of", "yesterday"], 2),
        (["sync", "--since", "2040-01-01"], 2),
        (["sync", "--destination", "abacus"], 2),
        (["sync", "--destination", "duckdb", "--keep", "3"], 2),
        (["sync", "--database", "s3://bucket/portouts.duckdb"], 2),
        (["verify", "--until", "spring"], 2),
        (["verify", "--since", "2026-05-02", "--until", "2026-05-02"], 2),
        (["verify", "--quick", "--depth", "day"], 2),
        (["report", "--output", "nowhere/report.html"], 2),
        (["status"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_should_be_quick_imports_nothing_slow(arguments: list[str], code: int, tmp_path: Path) -> None:
    key = {"TELNYX_API_KEY": "KEY_FAKE"} if len(arguments) > 1 else {}
    ended, imported = imported_by(*arguments, folder=tmp_path, **key)
    needed = {"duckdb"} if arguments == ["status"] else set[str]()
    # Typer draws its help with Rich.
    assert (ended, set(imported) - {"rich.table"} - needed) == (code, set())
    assert list(tmp_path.iterdir()) == []


def test_a_sync_does_without_pandas(tmp_path: Path) -> None:
    with running(create_app(World(20, seed=1), api_key=portouts_command.KEY)) as base_url:
        credentials = {"TELNYX_API_KEY": portouts_command.KEY, "TELNYX_BASE_URL": base_url}
        code, imported = imported_by("sync", folder=tmp_path, **credentials)
    assert code == 0
    assert "pyarrow" in imported
    assert "pandas" not in imported


def test_pandas_is_found_where_it_is_asked_for() -> None:
    script = (
        "from portouts.commands.terminal.process import limit_memory\n"
        "limit_memory()\n"
        "import pyarrow as pa\n"
        "assert pa.table({'a': [1]}).to_pandas()['a'].to_list() == [1]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("command", ["sync", "verify", "models", "status", "report", "demo"])
def test_a_current_folder_that_is_gone_is_one_sentence(command: str, tmp_path: Path) -> None:
    script = f"mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -m portouts {command}"
    ended = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("portouts: The current folder cannot be found")
    assert ended.stderr.count("\n") == 1


# What is documented


def shown_options(name: str) -> list[click.Parameter]:
    """List the options of a command, less those that are kept for scripts of before."""
    return [parameter for parameter in COMMANDS[name].params if not getattr(parameter, "hidden", False)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_stands_in_its_help(name: str, command: Callable[..., Ended]) -> None:
    overview, own = command("--help", COLUMNS="200").out, command(name, "--help", COLUMNS="200").out
    options = [option for parameter in shown_options(name) for option in parameter.opts]
    assert name in overview
    assert [option for option in options if option not in own] == []


def test_the_promised_commands_and_options_exist() -> None:
    options = {name: {option for one in found.params for option in one.opts} for name, found in COMMANDS.items()}
    assert options.keys() >= {"demo", "sync", "status", "models", "sandbox"}
    assert options["sync"] >= {"--as-of", "--since", "--full", "--json", "--database"}
    assert options["status"] >= {"--json", "--database"}
    assert options["sandbox"] >= {"--port", "--orders", "--seed"}


# What a narrow screen shows


def narrow(*arguments: str, folder: Path) -> list[str]:
    code, out, err = portouts_command.run(*arguments, folder=folder, COLUMNS="40")
    assert code == 0, err
    assert isinstance(out, str)
    return out.splitlines()


def test_help_fits_40_columns_and_cuts_no_option(tmp_path: Path) -> None:
    for name in ("sync", "verify"):
        lines = narrow(name, "--help", folder=tmp_path)
        assert max(map(len, lines)) <= 40
        options = [option for parameter in shown_options(name) for option in parameter.opts]
        assert [option for option in options if not any(f"{option} " in f"{line} " for line in lines)] == []
    overview = " ".join(" ".join(narrow("--help", folder=tmp_path)).split())
    assert "one incremental load, models, checks, publish." in overview


# What is refused before anything is asked


def test_a_sync_without_a_key_says_where_to_put_one(command: Callable[..., Ended]) -> None:
    ended = command("sync")
    assert (ended.code, ended.out) == (2, "")
    assert "TELNYX_API_KEY" in ended.err
    assert ".dlt/secrets.toml" in ended.err


FUTURE = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", FUTURE], "--as-of"),
        (["--as-of", "yesterday"], "--as-of: 'yesterday'"),
        (["--as-of", "2026-02-30"], "--as-of: '2026-02-30'"),
        (["--since", "1 May"], "--since: '1 May'"),
        (["--since", "2040-01-01"], "--since 2040-01-01T00:00:00+00:00 lies after --as-of"),
        (["--as-of", "1990-01-01"], "--as-of 1990-01-01T00:00:00+00:00 lies before 2009-01-01"),
    ],
    ids=["in the future", "no instant", "no such day", "no date", "since later", "long ago"],
)
def test_an_instant_that_makes_no_sense_is_wrong_usage(
    arguments: list[str], said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = command("sync", *arguments, TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sync", "verify", "models"])
def test_settings_that_are_no_toml_are_named(name: str, command: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text("api_key = KEY_CANARY")
    ended = command(name, TELNYX_API_KEY=KEY)
    assert ended.code == 2
    assert "secrets.toml is not valid TOML (at line 1, column 11)" in ended.err
    assert ended.err.count("\n") == 1
    assert "CANARY" not in ended.err


@pytest.mark.parametrize("arguments", [["sync"], ["status"], ["models"]], ids=lambda arguments: arguments[0])
def test_json_of_a_failure_is_one_object_with_the_error_and_the_exit_code(
    arguments: list[str], command: Callable[..., Ended]
) -> None:
    ended = command(*arguments, "--json")
    said = json.loads(ended.out)
    assert ended.code == said["exit_code"] != 0
    assert ended.err == f"portouts: {said['error']}\n"


def test_status_and_models_without_a_sync_fail_and_say_what_to_run(command: Callable[..., Ended]) -> None:
    for name in ("status", "models"):
        ended = command(name)
        assert ended.code == 1
        assert "Run `portouts sync` first" in ended.err


@pytest.mark.parametrize("name", ["status", "sync", "models"])
def test_a_file_that_is_no_warehouse_is_refused_and_left_as_it_is(
    name: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("This is no database.\n" * 500)
    before = file.read_bytes()
    ended = command(name, "--json", "--database", str(file), TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (1, 1)
    assert file.read_bytes() == before


@pytest.mark.parametrize("database", ["", ".", "folder"])
@pytest.mark.parametrize("name", ["sync", "verify", "models", "status", "report"])
def test_a_folder_in_place_of_the_file_is_wrong_usage(
    name: str, database: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    ended = command(name, "--json", "--database", database, TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (2, 2)
    assert ended.err == (
        f"portouts: --database {Path(database)} is a folder. Name the DuckDB file, such as data/portouts.duckdb"
        " (an empty text names the current folder).\n"
    )
    assert list(tmp_path.rglob("*")) == [tmp_path / "folder"]


@pytest.mark.parametrize("name", ["raw.duckdb", "Marts.duckdb"])
def test_a_file_that_would_hide_a_schema_is_refused(name: str, command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("sync", "--database", name, TELNYX_API_KEY="KEY_FAKE")
    assert ended.code == 2
    assert "Give the file another name" in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("database", "way"),
    [
        ("s3://bucket/portouts.duckdb", "Name a local file and copy it there after each sync"),
        ("https://host/portouts.duckdb", "Name a local file and copy it there after each sync"),
        ("md:portouts", "`portouts sync --destination motherduck`"),
        ("file:///data/portouts.duckdb", "Write the path alone"),
        (":memory:", "name a file, such as data/portouts.duckdb"),
        ("portouts.duckdb?access_mode=read_only", "Its name must have no ?"),
        ("data/*.duckdb", "Its name must have no ?, no *"),
        ("portouts\n.duckdb", "no control character"),
        ("~nobody-here/portouts.duckdb", "Write the whole path"),
    ],
)
@pytest.mark.parametrize("name", ["sync", "verify", "models", "status", "report", "demo"])
def test_what_is_no_file_of_this_machine_is_refused_with_the_way_that_works(
    name: str, database: str, way: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = command(name, "--json", "--database", database, TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (2, 2)
    assert f"portouts: --database {ascii(database)[1:-1].partition('//')[0]}" in ended.err.replace("'", "")
    assert way in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_home_of_the_user_may_stand_in_the_path(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("status", "--database", "~/portouts.duckdb", HOME=str(tmp_path))
    assert (ended.code, f"{tmp_path / 'portouts.duckdb'} does not exist" in ended.err) == (1, True)


@pytest.mark.parametrize("name", ["verify", "models"])
def test_a_database_that_is_not_there_leaves_nothing_behind(
    name: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = command(name, "--database", "none.duckdb", TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, "none.duckdb" in ended.err, "Run `portouts sync` first" in ended.err) == (1, True, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [["--verify", "none"], ["--keep", "2"], ["--rebuild"], ["--accept-settings"]],
    ids=lambda options: options[0],
)
def test_a_load_into_another_engine_refuses_what_only_the_warehouse_can_do(
    options: list[str], command: Callable[..., Ended]
) -> None:
    ended = command("sync", "--destination", "filesystem", *options, TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, ended.err) == (2, f"portouts: --destination loads raw alone: leave out {options[0]}.\n")


def test_a_destination_may_be_named_in_the_settings(command: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[destination.lake]\ndestination_type = "filesystem"\n')
    for environment in ({}, {"DESTINATION__SEA__DESTINATION_TYPE": "filesystem"}):
        name = "sea" if environment else "lake"
        ended = command("sync", "--destination", name, **environment)
        assert "No Telnyx API key" in ended.err
    assert "dlt knows no destination" in command("sync", "--destination", "sea").err


HOMELESS = """
import os, pwd
def missing(_key): raise KeyError(_key)
os.environ.pop("HOME", None)
pwd.getpwuid = pwd.getpwnam = missing  # as a container does that runs under a number
os.geteuid = lambda: 12345
from portouts.commands.app import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["demo", "--orders", "20"], 0, ""),
        (["status"], 1, "data/portouts.duckdb does not exist"),
        (["report"], 1, "data/portouts.duckdb does not exist"),
        (["sync"], 2, "No Telnyx API key"),
        (["models", "--database", "~/portouts.duckdb"], 2, "no such home folder is known"),
        (["verify", "--config", "~/portouts.toml"], 2, "no such home folder is known"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_user_without_a_home_gets_along(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


# What an API can answer


def test_an_api_that_cannot_be_reached_fails_at_once(command: Callable[..., Ended]) -> None:
    # Port 9 of loopback: nothing listens there.
    ended = command("sync", "--json", TELNYX_API_KEY="KEY_CANARY", TELNYX_BASE_URL="http://127.0.0.1:9/v2")
    assert ended.code == json.loads(ended.out)["exit_code"] == 1
    assert "gave up" not in ended.err
    assert "no whole answer from 127.0.0.1:9 (ConnectError: connection refused). Check TELNYX_BASE_URL" in ended.err
    assert "CANARY" not in ended.out + ended.err


@pytest.mark.parametrize("name", ["sync", "verify"])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SSL_CERT_FILE", "missing.pem", "SSL_CERT_FILE=missing.pem cannot be used: no such file or directory."),
        ("SSL_CERT_FILE", "empty.pem", "SSL_CERT_FILE=empty.pem holds no certificate in PEM format."),
        ("SSL_CERT_FILE", ".", "SSL_CERT_FILE=. cannot be used: is a directory."),
        ("SSL_CERT_DIR", "missing", "SSL_CERT_DIR=missing holds no certificates under the names that"),
        ("SSL_CERT_DIR", ".", "SSL_CERT_DIR=. holds no certificates under the names that"),
        ("SSLKEYLOGFILE", "missing/keys", "SSLKEYLOGFILE=missing/keys cannot be used: no such file or directory."),
    ],
)
def test_certificates_that_cannot_be_used_are_named_before_the_first_request(
    name: str, variable: str, value: str, said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").touch()
    asked = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": "http://127.0.0.1:9/v2"}  # nothing listens there
    ended = command(name, "--json", **asked, **{variable: value})
    assert (ended.code, said in ended.err) == (2, True)


def test_a_demo_needs_no_certificates(tmp_path: Path) -> None:
    code, _, err = portouts_command.run(
        *("demo", "--json", "--orders", "25"), folder=tmp_path, SSL_CERT_FILE="missing.pem"
    )
    assert code == 0, err


# The sandbox


def test_a_sandbox_names_its_real_port_and_ends_well_when_interrupted(tmp_path: Path) -> None:
    options = ("--port", "0", "--orders", "5", "--now", "2026-06-01T00:00:00Z")
    process = portouts_command.start("sandbox", *options, folder=tmp_path)
    said = portouts_command.read_until(process, "/sandbox/clock")
    [(base_url, key)] = re.findall(r"TELNYX_BASE_URL=(\S+) TELNYX_API_KEY=(\S+)", said)
    answer = httpx.get(f"{base_url}/portouts", headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert answer.json()["meta"]["total_results"] == 5
    assert answer.headers.get_list("date") == ["Mon, 01 Jun 2026 00:00:00 GMT"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_sandbox_is_synced_without_an_instant_and_again_when_its_clock_was_moved(
    tmp_path: Path, command: Callable[..., Ended]
) -> None:
    process = portouts_command.start("sandbox", "--port", "0", "--orders", "40", folder=tmp_path)
    said = portouts_command.read_until(process, "/sandbox/clock")
    assert "  portouts sync\n" in said
    [(base_url, key)] = re.findall(r"TELNYX_BASE_URL=(\S+) TELNYX_API_KEY=(\S+)", said)
    account = {"TELNYX_BASE_URL": base_url, "TELNYX_API_KEY": key}
    try:
        first = command("sync", "--json", **account)
        httpx.post(base_url.replace("/v2", "/sandbox/clock"), json={"days": 30}, timeout=30)
        second = command("sync", "--json", **account)
        refused = command("sync", "--as-of", "2999-01-01", **account)
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert (first.code, second.code, refused.code) == (0, 0, 2), first.err + second.err
    outcomes = [json.loads(ended.out) for ended in (first, second)]
    days = [datetime.fromisoformat(outcome["as_of"]) - datetime.now(UTC) for outcome in outcomes]
    assert [round(ahead / timedelta(days=1)) for ahead in days] == [0, 30]
    assert outcomes[0]["notes"] == []
    assert "This machine's clock is 30 d 0 h behind the API's; the API's is used." in outcomes[1]["notes"]


def test_a_sandbox_on_a_port_that_is_taken_says_so(command: Callable[..., Ended]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = command("sandbox", "--port", str(port), "--orders", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"portouts: Port {port} cannot be listened on: address already in use. Give --port another number, or 0 for "
        "any that is free.\n"
    )


# What an interruption leaves


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("sync", "commands.jobs.sync.run_sync", "Nothing was published; run the sync again to go on."),
        ("verify", "commands.jobs.verify.run_verify", "No certificate was published; what was repaired is kept."),
        (
            "models",
            "commands.jobs.models.rebuild_models",
            "The published file is as it was; run `portouts models` again.",
        ),
        ("status", "report.status.read_status", "Nothing was changed."),
        ("report", "report.page.build_report", "No page was written; an earlier one is as it was."),
        (
            "demo",
            "commands.jobs.demo.run_demo",
            "The demo is half done; run it again, into another file where you named one.",
        ),
    ],
)
@pytest.mark.parametrize(
    "interruption", [KeyboardInterrupt(), RuntimeError("Query interrupted")], ids=["in Python", "in DuckDB"]
)
def test_an_interrupted_command_says_what_it_leaves(
    name: str,
    place: str,
    said: str,
    interruption: BaseException,
    command: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_arguments: object, **_named: object) -> None:
        raise interruption

    monkeypatch.setattr(f"portouts.{place}", interrupt)
    ended = command(name, "--json", TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (1, 1)
    assert f"portouts: Stopped at once. {said}" in ended.err


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sync", "--keep", "-1"], "--keep"),
        (["sync", "--verify", "some"], "--verify"),
        (["sync", "--sinse", "2026-05-01"], "--sinse"),
        (["snyc"], "snyc"),
        (["--frobnicate", "status"], "--frobnicate"),
    ],
    ids=["out of range", "no such choice", "no such option", "no such command", "before the command"],
)
def test_wrong_usage_is_one_json_object_too(arguments: list[str], said: str, command: Callable[..., Ended]) -> None:
    with_json, without = command(*arguments, "--json"), command(*arguments)
    assert (with_json.code, without.code, without.out) == (2, 2, "")
    found = json.loads(with_json.out)
    assert [*found] == ["error", "exit_code"]
    assert (found["exit_code"], said in found["error"], said in with_json.err) == (2, True, True)


def test_a_sync_may_still_be_asked_for_a_full_verification(command: Callable[..., Ended]) -> None:
    assert "No Telnyx API key" in command("sync", "--verify", "full").err
    assert "none, quick, month, week, day" in json.loads(command("sync", "--verify", "some", "--json").out)["error"]


# The demo


def test_a_demo_never_writes_into_a_file_that_exists(command: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "mine.duckdb"
    file.write_bytes(b"years of work")
    ended = command("demo", "--database", str(file))
    assert ended.code == 2
    assert "mine.duckdb exists already" in ended.err
    assert file.read_bytes() == b"years of work"


def test_a_demo_never_clears_the_working_state_of_a_sync(command: Callable[..., Ended], tmp_path: Path) -> None:
    working = tmp_path / ".portouts" / "mine.duckdb" / "working.duckdb"
    working.parent.mkdir(parents=True)
    working.write_bytes(b"a first load, stopped half-way")
    assert command("demo", "--database", "mine.duckdb").code == 2
    assert working.read_bytes() == b"a first load, stopped half-way"


def test_a_demo_shows_the_whole_job_and_no_difference(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("demo", "--json", "--orders", "25", PORTOUTS_DATABASE="mine.duckdb")
    assert ended.code == 0
    shown = json.loads(ended.out)
    assert shown["differences"] == 0
    assert shown["orders"] >= 25
    first, second = (datetime.fromisoformat(sync["as_of"]) for sync in shown["syncs"])
    assert second - first == timedelta(days=30)
    assert len(shown["answers"]) == 3
    assert all(shown["answers"].values())
    # The simulated account must not become the start of the real one's warehouse.
    assert shown["database"] == "data/portouts-demo.duckdb"
    assert not (tmp_path / "mine.duckdb").exists()


def test_a_demo_has_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[sources.telnyx]\nstart_date = "2026-05-01"\npi = "drop"\n')
    (tmp_path / ".dlt" / "secrets.toml").write_text("no TOML")
    code, shown, err = portouts_command.run(
        *("demo", "--json", "--orders", "25"), folder=tmp_path, SOURCES__TELNYX__TIME_ZONE="Mars/Olympus", PII="blur"
    )
    assert code == 0, err
    assert isinstance(shown, dict)
    assert shown["differences"] == 0
    assert shown["orders"] >= 25


# A sync as a user runs it: processes of their own, in one folder, in three time zones


class Synced(NamedTuple):
    """What three syncs of one account left, and how two others failed, all in one folder."""

    folder: Path
    world: World
    ended: Mapping[str, Ended]


KEY = "KEY_CANARY_9021_NOT_A_SECRET"
ZONES = {"utc": "UTC", "kolkata": "Asia/Kolkata", "new-york": "America/New_York"}


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    folder, strange = tmp_path_factory.mktemp("synced"), tmp_path_factory.mktemp("page-size-0")
    for place, name, line in (
        (folder, "secrets.toml", f'api_key = "{KEY}"'),
        (strange, "secrets.toml", f'api_key = "{KEY}"'),
        (strange, "config.toml", "page_size = 0"),
    ):
        (place / ".dlt").mkdir(exist_ok=True)
        (place / ".dlt" / name).write_text(f"[sources.telnyx]\n{line}\n")
    world = World(ORDERS - 12, seed=5)
    for hours in range(12):  # whatever is hours off at the end of a range shows
        world.add_order(inserted_at=world.now - timedelta(hours=hours))
    with running(create_app(world, api_key=KEY)) as base_url:
        sync = ("sync", "--json", "--as-of", world.now.isoformat())
        processes = {
            name: portouts_command.start(
                *sync, folder=folder, TZ=zone, TELNYX_BASE_URL=base_url, PORTOUTS_DATABASE=f"{name}.duckdb"
            )
            for name, zone in ZONES.items()
        }
        processes["wrong key"] = portouts_command.start(
            *sync,
            "--database",
            "refused.duckdb",
            folder=folder,
            TELNYX_API_KEY="KEY_WRONG_CANARY",
            TELNYX_BASE_URL=base_url,
        )
        processes["no such engine"] = portouts_command.start(
            *sync, "--destination", "abacus", "--database", "none.duckdb", folder=folder, TELNYX_BASE_URL=base_url
        )
        processes["another engine"] = portouts_command.start(
            *sync,
            "--destination",
            "filesystem",
            folder=folder,
            TELNYX_BASE_URL=base_url,
            DESTINATION__FILESYSTEM__BUCKET_URL=(folder / "lake").as_uri(),
            DEV_MODE="true",
            REFRESH="drop_data",
            DATASET_NAME_LAYOUT="prod_%s",
            SCHEMA__NAMING="direct",
        )
        processes["page size"] = portouts_command.start(*sync, folder=strange, TELNYX_BASE_URL=base_url)
        ended = {}
        for name, process in processes.items():
            out, err = process.communicate(timeout=120)
            ended[name] = Ended(process.returncode, out, err)
        yield Synced(folder, world, ended)


@pytest.mark.parametrize("name", ZONES)
def test_a_sync_prints_one_object_and_exits_with_zero(synced: Synced, name: str) -> None:
    ended = synced.ended[name]
    assert ended.code == 0, ended.err
    assert ended.out.count("\n") == 1
    said = json.loads(ended.out)
    assert Path(said["database"]) == synced.folder / f"{name}.duckdb"
    assert (said["orders_changed"], said["is_proven"], said["published"]) == (ORDERS, True, True)


def test_another_engine_gets_the_raw_tables_and_nothing_is_published(synced: Synced) -> None:
    ended = synced.ended["another engine"]
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert (said["destination"], said["orders_read"], said["published"]) == ("filesystem", ORDERS, False)
    assert list((synced.folder / "lake" / "raw" / "portouts").glob("*.parquet"))
    assert not (synced.folder / "data" / "portouts.duckdb").exists()


def test_an_engine_that_dlt_does_not_know_is_wrong_usage(synced: Synced) -> None:
    ended = synced.ended["no such engine"]
    assert ended.code == 2
    assert "--destination abacus" in ended.err


def test_the_time_zone_of_the_machine_changes_nothing(synced: Synced) -> None:
    in_utc = content(synced.folder / "utc.duckdb")
    filled = {name for name, rows in in_utc.items() if rows}
    assert {"raw.portouts", "raw.covered_ranges", "marts.fct_portouts", "marts.agg_portouts_daily"} <= filled
    assert content(synced.folder / "kolkata.duckdb") == in_utc
    assert content(synced.folder / "new-york.duckdb") == in_utc


def content(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read every table of raw and marts, less what differs from sync to sync."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('raw', 'marts') and table_name[:4] <> '_dlt' "
            "and table_name not in ('syncs', 'rpt_sync', 'verifications', 'rpt_verifications')"
        ).fetchall()
        return {
            table: connection.execute(f"select columns(lambda c: c <> 'sync_id') from {table} order by all").fetchall()
            for (table,) in tables
        }


def test_a_wrong_key_fails_with_the_words_of_the_api(synced: Synced) -> None:
    ended = synced.ended["wrong key"]
    assert ended.code == json.loads(ended.out)["exit_code"] == 1
    assert "HTTP 401" in ended.err
    assert "Authentication failed: " in ended.err
    assert not (synced.folder / "refused.duckdb").exists()


def test_no_key_is_ever_printed(synced: Synced) -> None:
    assert [name for name, ended in synced.ended.items() if "CANARY" in ended.out + ended.err] == []


def test_no_key_is_ever_written(synced: Synced) -> None:
    files = [path for path in synced.folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"utc.duckdb", "working.duckdb", "telnyx.schema.json"}
    assert [path for path in files if b"CANARY" in path.read_bytes()] == [synced.folder / ".dlt" / "secrets.toml"]


def test_a_setting_out_of_its_range_is_wrong_usage(synced: Synced) -> None:
    ended = synced.ended["page size"]
    assert ended.code == json.loads(ended.out)["exit_code"] == 2
    assert "page_size must be between 1 and 250, not 0" in ended.err


def test_two_databases_in_one_folder_share_nothing(synced: Synced) -> None:
    lists = [sorted(ask(synced.folder / f"{name}.duckdb", "select sync_id from raw.syncs")) for name in ZONES]
    assert [len(one) for one in lists] == [1, 1, 1]
    assert len({one[0] for one in lists}) == 3


def test_status_shows_what_is_covered_and_held(synced: Synced, command: Callable[..., Ended]) -> None:
    ended = command("status", "--json", PORTOUTS_DATABASE=str(synced.folder / "kolkata.duckdb"))
    found = json.loads(ended.out)
    orders, events = synced.world.orders(), synced.world.events()
    assert ended.code == 0
    assert found["counts"] == {
        "orders": ORDERS,
        "open_orders": sum(order["status"] in ("pending", "rejected-pending", "authorized") for order in orders),
        "numbers": len({(order["id"], number) for order in orders for number in order["phone_numbers"]}),
        "events": len(events),
        "observations": ORDERS,
    }
    assert found["time_zone_data"] == rules_version()
    assert (
        f"time zone data: {rules_version()}"
        in command("status", PORTOUTS_DATABASE=str(synced.folder / "kolkata.duckdb")).out
    )
    assert (found["as_of"], found["is_proven"]) == (synced.world.now.isoformat(), True)
    assert found["covered"].keys() == {"inserted_at", "ported_out_at", "created_at"}
    for [start, end] in (ranges[0] for ranges in found["covered"].values()):
        assert start < min(order["inserted_at"] for order in orders)
        assert end > synced.world.now.isoformat()
    assert found["gaps"] == {"inserted_at": [], "ported_out_at": [], "created_at": []}


def test_status_shows_gaps(synced: Synced, command: Callable[..., Ended], tmp_path: Path) -> None:
    copy = tmp_path / "gap.duckdb"
    copy.write_bytes((synced.folder / "utc.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "insert into raw.covered_ranges select axis, range_end + interval 1 day, range_end + interval 2 days "
            "from raw.covered_ranges where axis = 'inserted_at'"
        )
    gap = json.loads(command("status", "--json", "--database", str(copy)).out)["gaps"]["inserted_at"]
    assert [end[:10] for [_, end] in gap] == ["2026-06-02"]
    assert f"GAP in inserted_at: {gap[0][0]} to {gap[0][1]}" in command("status", "--database", str(copy)).out


def test_models_say_what_they_had_to_do(synced: Synced, command: Callable[..., Ended]) -> None:
    database = synced.folder / "new-york.duckdb"
    before = content(database)
    ended = command("models", "--json", "--database", str(database))
    assert ended.code == 0
    assert json.loads(ended.out) == {
        "database": str(database),
        "rebuilt": False,
        "published": False,
        "warnings": [],
        "notes": [],
    }
    assert content(database) == before
    database.unlink()
    assert command("models", "--database", str(database)).out == "Published what was built already.\n"
    assert content(database) == before
    assert command("models", "--database", str(database)).out == "Already up to date; nothing to publish.\n"


# A verification as a user runs it


def test_verify_says_what_differs_repairs_it_and_exits_accordingly(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    world = World(400, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        environment = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "PORTOUTS_DATABASE": "p.duckdb"}
        command("sync", "--as-of", world.now.isoformat(), **environment)
        assert command("verify", "--quick", **environment).code == 0
        with duckdb.connect(str(tmp_path / ".portouts" / "p.duckdb" / "working.duckdb")) as connection:
            [(lost,)] = connection.execute("select min(id) from raw.portouts where status = 'ported'").fetchall()
            connection.execute("delete from raw.portouts where id = ?", [lost])
        quick, searched = command("verify", "--quick", **environment), command("verify", "--json", **environment)
        assert (quick.code, searched.code) == (3, 3)
        assert "the API has 400, we hold 399" in quick.out
        assert "Verifying takes 7 requests" in quick.err
        said = json.loads(searched.out)
        assert said["differing_orders"] == [{"portout_id": lost, "kind": "missing", "fields": []}]
        assert (said["verdict"], said["differences"], said["repaired"]) == ("DIFFERENT", 1, 0)
        mended = command("verify", "--repair", **environment)
        assert mended.code == 0
        assert f"repaired: {lost}: missing" in mended.out
        assert command("verify", "--depth", "day", "--sample", "9", **environment).code == 0
        assert "verified (day): PROVEN" in command("status", **environment).out
        verification = json.loads(command("status", "--json", **environment).out)["verification"]
        assert (verification["verdict"], verification["orders"]) == ("PROVEN", 400)


def test_verify_of_nothing_and_of_an_empty_range_say_what_to_do(command: Callable[..., Ended]) -> None:
    world = World(10, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        environment = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "PORTOUTS_DATABASE": "p.duckdb"}
        nothing = command("verify", **environment)
        assert (nothing.code, "portouts sync" in nothing.err) == (1, True)
        command("sync", "--as-of", world.now.isoformat(), **environment)
        nowhere = command("verify", "--until", "2001-01-01", **environment)
        assert (nowhere.code, "--until" in nowhere.err) == (2, True)


@pytest.mark.parametrize("key", [" ", "KEY\nCANARY"], ids=["blank", "two lines"])
def test_a_key_that_cannot_be_one_is_wrong_usage_at_once(key: str, command: Callable[..., Ended]) -> None:
    ended = command("sync", "--json", TELNYX_API_KEY=key, TELNYX_BASE_URL="http://127.0.0.1:9/v2")
    assert (ended.code, "TELNYX_API_KEY" in ended.err, "CANARY" in ended.out + ended.err) == (2, True, False)


def test_a_base_url_without_a_scheme_is_wrong_usage(command: Callable[..., Ended]) -> None:
    ended = command("sync", TELNYX_API_KEY=KEY, TELNYX_BASE_URL="api.telnyx.com/v2")
    assert (ended.code, "https://" in ended.err) == (2, True)
