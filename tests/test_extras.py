"""What is not installed is named with a command that installs it from where this portouts came."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import portouts
import pytest
from portouts.errors import SettingsError
from portouts.extras import command_of, install_command
from portouts_sandbox import World, create_app, running

ROOT = Path(__file__).parents[1]
WHEEL = {"url": "file:///opt/portouts-0.1.0-py3-none-any.whl", "archive_info": {}}
REPOSITORY = {"url": "https://git.test/portouts", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'portouts[excel,pandas]'"),
        (WHEEL, f"pip install 'portouts[excel,pandas] @ {WHEEL['url']}'"),
        (REPOSITORY, "pip install 'portouts[excel,pandas] @ git+https://git.test/portouts@0a1b'"),
        ({"url": "file:///my%20code", "dir_info": {}}, "pip install 'portouts[excel,pandas] @ file:///my%20code'"),
        (
            {"url": "file:///my%20code", "dir_info": {"editable": True}},
            "pip install -e '/my code[excel,pandas]'",
        ),
    ],
    ids=["an index", "a wheel", "a repository", "a folder", "a checkout"],
)
def test_a_command_names_what_portouts_was_installed_from(origin: dict[str, object] | None, command: str) -> None:
    assert command_of(json.dumps(origin) if origin else None, ["excel", "pandas"]) == command


def test_the_command_of_this_installation_names_a_folder_that_exists() -> None:
    path = install_command("pandas").split("'")[1].removesuffix("[pandas]")
    assert Path(path, "pyproject.toml").exists()


def test_without_pandas_a_mart_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # as if it were not installed
    with pytest.raises(SettingsError, match=r"pandas not installed: pip install .*\[pandas\]"):
        portouts.mart("rpt_sync")


# The base install

BASE_ONLY = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name in sys.argv[1].split(",") else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = map(Without, sys.meta_path)
from portouts.commands.app import app
from typer.testing import CliRunner
for command in sys.stdin.read().splitlines():
    ended = CliRunner().invoke(app, command.split(), prog_name="portouts")
    print(ended.exit_code, command, ended.stderr if ended.exit_code else "")
"""


def with_what_they_need(requirements: Iterable[str]) -> set[str]:
    """Return the packages that are installed with these requirements, on any system."""
    found, waiting = set[str](), [*requirements]
    while waiting:
        wanted, _, marker = waiting.pop().partition(";")
        name = re.split(r"[^a-z0-9-]", wanted.strip().lower().replace("_", "-"))[0]
        if name in found or "extra ==" in marker:
            continue
        found.add(name)
        with suppress(PackageNotFoundError):  # of another system
            waiting += requires(name) or []
    return found


def test_the_base_install_has_neither_pandas_nor_numpy() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = with_what_they_need(project["dependencies"])
    assert {"dlt", "duckdb", "pyarrow", "sqlglot"} < packages
    assert packages & {"pandas", "numpy", "matplotlib", "xlsxwriter", "jinja2"} == set()


@pytest.mark.slow
def test_the_work_of_every_day_needs_no_package_of_an_extra(tmp_path: Path) -> None:
    missing = ("numpy", "pandas", "matplotlib", "altair", "jinja2", "nbformat", "xlsxwriter", "apprise", "orjson")
    commands = ("doctor", "sync", "sync --full", "verify", "models --full", "status", "pending", "settings")
    world = World(orders=30, seed=3)
    order = world.add_order()
    with running(create_app(world, api_key="KEY_TEST_NOT_A_SECRET")) as base_url:
        ended = subprocess.run(
            [sys.executable, "-c", BASE_ONLY, ",".join(missing)],
            input="\n".join([*commands, f"show {order}", "export --format csv --output out"]),
            env={**os.environ, "TELNYX_API_KEY": "KEY_TEST_NOT_A_SECRET", "TELNYX_BASE_URL": base_url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = ended.stdout.splitlines()
    assert (ended.returncode, len(lines)) == (0, len(commands) + 2), ended.stdout + ended.stderr
    assert [line for line in lines if not line.startswith("0 ")] == []
