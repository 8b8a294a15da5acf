"""The command line itself: what it imports, what its help shows, and how it answers wrong usage."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import portouts_command
import pytest
from filelock import FileLock
from portouts.commands.reference import all_commands
from portouts_command import Ended
from portouts_sandbox import World, create_app, running

COMMANDS: Mapping[str, click.Command] = dict(all_commands())
HEAVY = (
    *("dlt", "duckdb", "httpx", "matplotlib", "nbclient", "numpy", "pandas", "pyarrow", "requests", "sqlglot"),
    *("starlette", "uvicorn", "rich.table"),
)


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
        (["settings"], 0),
        (["sync", "--api-key-file", "missing"], 2),
        (["status"], 1),
        (["status", "--max-age", "soon"], 2),
        (["status", "--max-age", "2h"], 4),
        (["show", ""], 2),
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


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"PAGE_SIZE": "251"},  # of the source
        {"TIME_ZONE": "Mars/Olympus"},
        {"RESPONSE_WINDOW_HOURS": "-1"},  # of the models
        {"HOLIDAYS": "missing.csv"},
        {"PAGESIZE": "250"},  # no setting
    ],
    ids=lambda setting: "".join(setting) or "correct",
)
@pytest.mark.parametrize("name", ["sync", "verify", "models"])
def test_a_lock_that_is_held_and_wrong_settings_are_reported_without_slow_imports(
    name: str, setting: dict[str, str], tmp_path: Path
) -> None:
    environment = {"TELNYX_API_KEY": "KEY_FAKE"} | {f"SOURCES__TELNYX__{key}": value for key, value in setting.items()}
    if setting:
        assert imported_by(name, folder=tmp_path, **environment) == (2, [])
        assert list(tmp_path.iterdir()) == []
    state = tmp_path / "data" / ".portouts" / "portouts.duckdb"
    state.mkdir(parents=True)
    with FileLock(state / "lock"):  # which comes first, as `open_with_settings` says
        assert imported_by(name, folder=tmp_path, **environment) == (75, [])


def test_a_sync_does_without_pandas_and_without_the_http_client_of_dlt(tmp_path: Path) -> None:
    with running(create_app(World(20, seed=1), api_key=portouts_command.KEY)) as base_url:
        credentials = {"TELNYX_API_KEY": portouts_command.KEY, "TELNYX_BASE_URL": base_url}
        code, imported = imported_by("sync", folder=tmp_path, **credentials)
    assert code == 0
    assert {"dlt", "duckdb", "httpx", "pyarrow"} <= set(imported)
    assert {"pandas", "requests"} & set(imported) == set()


def test_a_process_ends_with_its_exit_code_and_is_not_taken_apart(tmp_path: Path) -> None:
    script = """
import atexit
from portouts.commands.app import main
class Object:
    def __del__(self): print("taken apart")
held = Object()
try:
    main()
finally:
    atexit.register(print, "exit functions run")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "status"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "exit functions run\n")


def test_pandas_is_found_where_it_is_asked_for() -> None:
    script = (
        "from portouts.commands.terminal.process import limit_memory\n"
        "limit_memory()\n"
        "import pyarrow as pa\n"
        "assert pa.table({'a': [1]}).to_pandas()['a'].to_list() == [1]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("command", ["sync", "verify", "models", "status", "pending", "report", "demo"])
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
    overview, own = command("--help", COLUMNS="200").out, command(*name.split(), "--help", COLUMNS="200").out
    options = [option for parameter in shown_options(name) for option in parameter.opts]
    assert name.split(maxsplit=1)[0] in overview
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
        assert [option for option in options if not any(option in re.split("[ ,]+", line) for line in lines)] == []
    overview = " ".join(" ".join(narrow("--help", folder=tmp_path)).split())
    assert "one incremental load, models, checks, publish." in overview


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
