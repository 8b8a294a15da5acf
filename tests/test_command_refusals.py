"""What a command refuses, with exit code 2 and what to set, before it asks the API or writes a file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from portouts_command import Ended

KEY = "KEY_CANARY_9021_NOT_A_SECRET"


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["demo", "--no-report", "--orders", "20"], 0, ""),
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


@pytest.mark.parametrize("key", [" ", "KEY\nCANARY"], ids=["blank", "two lines"])
def test_a_key_that_cannot_be_one_is_wrong_usage_at_once(key: str, command: Callable[..., Ended]) -> None:
    ended = command("sync", "--json", TELNYX_API_KEY=key, TELNYX_BASE_URL="http://127.0.0.1:9/v2")
    assert (ended.code, "TELNYX_API_KEY" in ended.err, "CANARY" in ended.out + ended.err) == (2, True, False)


def test_a_base_url_without_a_scheme_is_wrong_usage(command: Callable[..., Ended]) -> None:
    ended = command("sync", TELNYX_API_KEY=KEY, TELNYX_BASE_URL="api.telnyx.com/v2")
    assert (ended.code, "https://" in ended.err) == (2, True)


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
