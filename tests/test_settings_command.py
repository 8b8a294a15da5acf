"""`portouts settings`: the effective settings with their origin, and never a secret."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from portouts.load.settings.files import find_settings
from portouts.load.settings.overview import DEFAULT, default_of
from portouts.load.settings.remembered import record_settings
from portouts.load.settings.settings import check_settings, read_settings
from portouts.load.settings.tables import NAMES, SECRETS, full_name
from portouts.load.settings.values import allowed_values
from portouts_command import Ended

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
CANARY = "CANARY_8135"
Command = Callable[..., Ended]


def write(folder: Path, text: str, name: str = "config.toml") -> Path:
    (folder / ".dlt").mkdir(exist_ok=True)
    file = folder / ".dlt" / name
    file.write_text(text, encoding="utf-8")
    return file


def shown(ended: Ended) -> dict[str, dict[str, Any]]:
    """Return what was printed with --json by the name of the setting."""
    assert ended.code == 0, ended.err
    return {full_name(one["table"], one["name"]): one for one in json.loads(ended.out)["settings"]}


def published(folder: Path, **settings: Any) -> Path:
    """Make a published file that remembers these settings."""
    file = folder / "portouts.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema raw")
        record_settings(connection, read_settings("KEY_FAKE", found={}, **settings), AS_OF)
    return file


def test_without_a_key_everything_is_shown_and_the_key_is_missed(command: Command) -> None:
    ended = command("settings", "--json")
    assert ended.err.startswith("No Telnyx API key. Set the environment variable TELNYX_API_KEY")
    found = shown(ended)
    assert [*found] == [*NAMES]
    assert {one["origin"] for one in found.values()} == {DEFAULT}
    assert (found["api_key"]["is_set"], found["page_size"]["value"]) == (False, 250)
    assert found["pii"]["allowed"] == "keep, hash or drop"


def test_each_setting_shows_the_place_that_counts(command: Command, tmp_path: Path) -> None:
    file = write(tmp_path, '[sources.telnyx]\npage_size = 7\nevents = false\n[publish]\nmode = "640"')
    found = shown(command("settings", "--json", SOURCES__TELNYX__PAGE_SIZE="9", METRICS__FILE="a.prom"))
    expected = {name: (one["value"], one["origin"]) for name, one in found.items() if one["origin"] != DEFAULT}
    assert expected == {
        "page_size": (9, "environment variable SOURCES__TELNYX__PAGE_SIZE"),
        "events": (False, str(file)),
        "publish.mode": ("0640", str(file)),
        "metrics.file": ("a.prom", "environment variable METRICS__FILE"),
    }


def test_the_files_that_were_looked_into_are_named(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "")
    ended = command("settings", "--json", HOME=str(tmp_path / "home"))
    files = {one["path"]: one["exists"] for one in json.loads(ended.out)["files"]}
    assert files[str(tmp_path / ".dlt" / "config.toml")] is True
    assert files[str(tmp_path / "data" / ".dlt" / "secrets.toml")] is False
    assert str(tmp_path / "home" / ".dlt" / "secrets.toml") in files
    assert f"# {tmp_path / '.dlt' / 'secrets.toml'} (does not exist)\n" in command("settings").out


@pytest.mark.parametrize("as_json", [("--json",), ()], ids=["JSON", "text"])
def test_of_a_secret_only_its_origin_is_shown(as_json: tuple[str, ...], command: Command, tmp_path: Path) -> None:
    secrets = (
        f'[sources.telnyx]\napi_key = "KEY_{CANARY}"\npii_salt = "{CANARY}"\n'
        f'[publish]\ntargets = ["postgresql://{CANARY}"]\n[alerts]\nurls = ["json://{CANARY}"]\n[metrics]\nping_url = "https://{CANARY}"'
    )
    file = write(tmp_path, secrets, "secrets.toml")
    ended = command("settings", *as_json)
    assert (ended.code, CANARY in ended.out + ended.err) == (0, False)
    if as_json:
        found = shown(ended)
        assert {name for name, one in found.items() if one["is_secret"] and one["is_set"]} == SECRETS
        assert {found[name]["origin"] for name in SECRETS} == {str(file)}
    else:
        assert ended.out.count("is set and not shown") == len(SECRETS)


def test_the_key_of_a_file_is_named_by_its_path(command: Command, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(CANARY)
    assert shown(command("settings", "--json", "--api-key-file", "key"))["api_key"]["origin"] == "--api-key-file key"


def test_what_is_printed_is_a_file_of_settings_with_the_same_meaning(command: Command, tmp_path: Path) -> None:
    (tmp_path / "sql \x7f").mkdir()
    file = write(
        tmp_path,
        '[sources.telnyx]\npage_size = 7\ntime_zone = "Europe/Berlin"\nstart_date = 2024-01-01\n[publish]\n'
        'mode = "0644"\n[metrics]\nfile = "é \\"quoted\\".prom"\n[alerts]\nhours_before = [3]\n'
        'alerts_folder = "sql \\u007f"',
    )
    printed = command("settings").out
    assert {*tomllib.loads(printed)["sources"]} == {"telnyx"}
    copied = tmp_path / "copied.toml"
    copied.write_text(printed, encoding="utf-8")
    assert check_settings(find_settings({}, [copied])) == check_settings(find_settings({}, [file]))


def test_a_wrong_setting_is_refused_as_everywhere(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "[sources.telnyx]\npage_sizes = 7")
    ended = command("settings")
    assert (ended.code, ended.out, "Did you mean page_size?" in ended.err) == (2, "", True)


# What the warehouse remembers


def test_what_the_warehouse_remembers_counts_unless_it_is_given(command: Command, tmp_path: Path) -> None:
    file = published(tmp_path, time_zone="UTC", response_window_hours=24.0, pii="drop")
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update raw.settings set value = 'Europe/Berlin', origin = 'x.toml' where name = 'time_zone'"
        )
    ended = command("settings", "--json", "--database", str(file), SOURCES__TELNYX__RESPONSE_WINDOW_HOURS="36")
    found = shown(ended)
    assert (found["time_zone"]["value"], found["time_zone"]["origin"]) == ("Europe/Berlin", "remembered from x.toml")
    assert (found["pii"]["value"], found["pii"]["origin"]) == ("drop", "remembered from argument")
    assert found["response_window_hours"]["value"] == 36.0
    [refused, _] = json.loads(ended.out)["notes"]
    assert refused == (
        "A sync refuses to change response_window_hours from 24 (argument) to 36 (environment variable "
        "SOURCES__TELNYX__RESPONSE_WINDOW_HOURS) without --accept-settings."
    )


def test_a_salt_that_is_missing_is_noted(command: Command, tmp_path: Path) -> None:
    file = published(tmp_path, pii="hash", pii_salt="a long text")
    ended = command("settings", "--database", str(file), TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, "Set pii_salt as before" in ended.err) == (0, True)


def test_a_file_that_is_no_warehouse_hides_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "letter.duckdb").write_text("This is no database.\n" * 500)
    ended = command("settings", "--json", "--database", "letter.duckdb", TELNYX_API_KEY="KEY_FAKE")
    assert shown(ended)["page_size"]["value"] == 250
    assert ended.err.startswith("letter.duckdb cannot be read, so what it remembers is not shown: ")


# The documents


def test_the_page_of_settings_has_every_setting_with_its_default_and_its_values() -> None:
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
    rows: dict[str, tuple[str, str]] = {}
    for table, section in re.findall(r"^### `\[(.*?)\]`\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE):
        for name, default, allowed in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| .+ \|$", section, re.MULTILINE):
            rows[full_name(table, name)] = (default, allowed)
    expected = {name: (default, allowed_values(name)) for name in NAMES if (default := _default(name))}
    assert rows == expected


def _default(name: str) -> str:
    value = default_of(name)
    return "not set" if value is None else f"`{json.dumps(value)}`"
