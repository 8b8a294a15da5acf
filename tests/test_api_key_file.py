"""The API key from a file, such as a container's secret: which one counts, what is refused, and what is noted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import typer.main
from portouts.commands.app import app
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting
from portouts.load.settings.key import notes_on_key_file, with_key_of_file
from portouts.load.settings.settings import read_source_settings
from portouts_command import KEY, Ended
from portouts_sandbox import World, create_app, running

CANARY = "KEY_CANARY_6120"
IN_SETTINGS = {"api_key": Setting("KEY_SETTINGS", "secrets.toml")}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running(create_app(World(5, seed=1), api_key=KEY)) as url:
        yield url


def written(folder: Path, text: str | bytes, name: str = "telnyx-key") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    return file


# Which one counts


@pytest.mark.parametrize("text", [KEY, f"{KEY}\n", f"\n  {KEY}\r\n\n", f"\ufeff{KEY}"], ids=ascii)
@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_sync_reads_the_key_from_a_file(
    text: str, way: str, base_url: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = str(written(tmp_path, text))
    given = ("--api-key-file", file) if way == "option" else ()
    variables = {} if way == "option" else {"TELNYX_API_KEY_FILE": file}
    ended = command("sync", *given, TELNYX_BASE_URL=base_url, **variables)
    assert (ended.code, ended.err.partition("Reading")[0]) == (0, ""), ended.err


def test_the_option_comes_before_the_variables_and_these_before_the_settings(tmp_path: Path) -> None:
    option, variable = written(tmp_path, "KEY_OPTION", "option"), str(written(tmp_path, "KEY_VARIABLE", "variable"))
    both = {"TELNYX_API_KEY": "KEY_ENVIRONMENT", "TELNYX_API_KEY_FILE": str(tmp_path / "missing")}
    assert with_key_of_file(IN_SETTINGS, both, option)["api_key"] == Setting("KEY_OPTION", f"--api-key-file {option}")
    found = with_key_of_file(IN_SETTINGS, {"TELNYX_API_KEY_FILE": variable})
    assert found["api_key"] == Setting("KEY_VARIABLE", f"file {variable} of TELNYX_API_KEY_FILE")
    assert with_key_of_file(IN_SETTINGS, {"TELNYX_API_KEY_FILE": " "}) == IN_SETTINGS
    assert with_key_of_file(IN_SETTINGS, {}) == IN_SETTINGS


def test_two_variables_with_different_keys_are_refused_and_with_the_same_key_are_not(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = written(tmp_path, CANARY)
    ended = command("sync", TELNYX_API_KEY="KEY_OTHER", TELNYX_API_KEY_FILE=str(file))
    said = f"TELNYX_API_KEY and the file {file} of TELNYX_API_KEY_FILE contain different keys. Unset one of the two"
    assert (ended.code, ended.err) == (2, f"portouts: {said} variables.\n")
    same = {"TELNYX_API_KEY": f" {CANARY}", "TELNYX_API_KEY_FILE": str(file)}
    assert with_key_of_file({}, same)["api_key"].value == CANARY


def test_a_script_reads_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY_FILE", str(written(tmp_path, CANARY)))
    assert read_source_settings().api_key == CANARY
    assert read_source_settings("KEY_ARGUMENT").api_key == "KEY_ARGUMENT"


def test_the_file_may_be_a_pipe_and_may_lie_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, f"{CANARY}\n".encode())
    os.close(writer)
    pipe = Path(f"/dev/fd/{reader}")
    assert notes_on_key_file({}, pipe) == []
    assert with_key_of_file({}, {}, pipe)["api_key"].value == CANARY
    os.close(reader)
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, CANARY)
    assert with_key_of_file({}, {"TELNYX_API_KEY_FILE": "~/telnyx-key"})["api_key"].value == CANARY


def commands(group: Any, *before: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, *before, name)
        elif name not in ("demo", "sandbox"):  # which bring an account of their own
            yield (*before, name), one


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("names", ALL, ids=" ".join)
def test_every_command_that_needs_a_key_takes_a_file(names: tuple[str, ...], command: Callable[..., Ended]) -> None:
    params = ALL[names].params
    required = [param for param in params if param.required]
    named = [word for param in required if param.param_type_name == "option" for word in (param.opts[0], "1")]
    ended = command(*names, *named, *("1" for param in required if param.param_type_name == "argument"))
    needs_key = "No Telnyx API key" in ended.err
    assert needs_key or names not in {("sync",), ("verify",), ("show",)}
    assert not needs_key or "api_key_file" in {param.name for param in params}


# What is refused


@pytest.mark.parametrize("way", ["--api-key-file", "TELNYX_API_KEY_FILE"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory. Name a file that holds the API key alone."),
        ("folder", "cannot be read: Is a directory. Name a file that holds the API key alone."),
        (b"", "is empty. It must hold the API key alone."),
        (b" \n\n", "is empty. It must hold the API key alone."),
        (b"KEY_CANARY\nKEY_CANARY\n", "has several lines. It must hold the API key alone."),
        (b'[sources.telnyx]\napi_key = "KEY_CANARY"', "has several lines. It must hold the API key alone."),
        (b"TELNYX_API_KEY = KEY_CANARY", ") contains a character that no key has"),
        (b"KEY_CANARY\xff", ") contains a character that no key has"),
        (b"\x00" * 100, ") contains a character that no key has"),
    ],
    ids=["missing", "a folder", "empty", "blank", "two lines", "TOML", "a shell's", "not UTF-8", "NUL"],
)
def test_a_file_without_a_key_is_refused_by_its_path_and_never_shown(
    way: str, content: bytes | str | None, said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    file = tmp_path / "telnyx-key"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    given = (way, str(file)) if way.startswith("-") else ()
    ended = command("verify", *given, **({} if given else {way: str(file)}))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert f"{way} {file}" in ended.err
    assert said in ended.err
    assert "CANARY" not in ended.err


def test_a_file_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(SettingsError, match="/dev/zero"):
        with_key_of_file({}, {}, Path("/dev/zero"))


def test_a_command_that_asks_nobody_needs_no_file(command: Callable[..., Ended]) -> None:
    ended = command("models", TELNYX_API_KEY_FILE="missing")
    assert "Run `portouts sync` first" in ended.err


# Who may read it


@pytest.mark.parametrize(
    ("mode", "folder_mode", "is_noted"),
    [(0o644, 0o755, True), (0o600, 0o755, False), (0o640, 0o755, False), (0o644, 0o700, False)],
    ids=["everybody", "its owner", "a group", "in a private folder"],
)
def test_a_file_that_everybody_can_read_is_noted(mode: int, folder_mode: int, *, is_noted: bool) -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(folder_mode)
        file = written(Path(folder), CANARY)
        file.chmod(mode)
        notes = notes_on_key_file({"TELNYX_API_KEY_FILE": str(file)})
        assert notes == notes_on_key_file({}, file)
        said = [f"portouts: every user of this machine can read the API key in {file}: chmod 600 {file}"]
        assert notes == (said if is_noted else [])


def test_a_secret_that_a_container_mounts_is_not_noted() -> None:
    with TemporaryDirectory(dir="/run") as folder:
        Path(folder).chmod(0o755)
        file = written(Path(folder), CANARY)
        file.chmod(0o444)
        assert notes_on_key_file({}, file) == []
