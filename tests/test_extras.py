"""What is not installed is named with a command that installs it from where this portouts came."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import portouts
import pytest
from portouts.errors import SettingsError
from portouts.extras import command_of, install_command

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
