"""Settings that are read before dlt is there to read them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dlt.common.runtime.run_context import RunContext
from portouts.settings import KEY_ADVICE, SettingsError, parse_instant, require_api_key, settings_folders


def write(folder: Path, name: str, text: str) -> Path:
    (folder / ".dlt").mkdir(exist_ok=True)
    (folder / ".dlt" / name).write_text(text, encoding="utf-8")
    return folder / ".dlt"


@pytest.mark.parametrize("name", ["TELNYX_API_KEY", "SOURCES__TELNYX__API_KEY", "SOURCES__API_KEY", "API_KEY"])
def test_a_key_in_the_environment_is_enough(name: str, tmp_path: Path) -> None:
    require_api_key({name: "KEY_FAKE"}, [tmp_path])


@pytest.mark.parametrize("name", ["DLT_PROJECT_DIR", "XDG_DATA_HOME"])
def test_a_key_in_a_folder_that_dlt_is_told_of_is_found(name: str, tmp_path: Path) -> None:
    folder = tmp_path / {"DLT_PROJECT_DIR": ".dlt", "XDG_DATA_HOME": "dlt"}[name]
    folder.mkdir()
    (folder / "secrets.toml").write_text('api_key = "KEY_FAKE"', encoding="utf-8")
    environ = {name: str(tmp_path)}
    require_api_key(environ, settings_folders(environ, tmp_path / "home"))


def test_the_folders_are_those_that_dlt_looks_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for project in (None, "elsewhere"):
        if project:
            monkeypatch.setenv("DLT_PROJECT_DIR", project)
        context = RunContext(None)
        asked = {Path(context.settings_dir), Path(context.global_dir)}
        assert asked - set(settings_folders(os.environ, Path.home())) == set()


@pytest.mark.parametrize(
    "text",
    [
        '[sources.telnyx]\napi_key = "KEY_FAKE"',
        '[sources]\napi_key = "KEY_FAKE"',
        'api_key = "KEY_FAKE"',
        "[providers]",
    ],
    ids=["own section", "wider section", "widest section", "a vault"],
)
@pytest.mark.parametrize("name", ["secrets.toml", "config.toml"])
def test_a_key_in_any_folder_of_dlt_is_enough(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    require_api_key({}, [tmp_path / ".dlt", write(tmp_path / "home", name, text)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[sources.telnyx]\napi_key = ""',
        '[sources.github]\napi_key = "x"',
        'sources = "x"',
        '[sources]\ntelnyx = "x"',
        "# é",
    ],
    ids=["empty", "empty key", "another source", "sources a text", "telnyx a text", "a comment"],
)
def test_without_a_key_the_message_says_what_to_set(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        require_api_key({"TELNYX_API_KEY": " "}, [write(tmp_path, "secrets.toml", text), tmp_path / "nowhere"])
    assert str(raised.value) == f"{KEY_ADVICE} Looked into {tmp_path / '.dlt'}, {tmp_path / 'nowhere'}."
    assert "TELNYX_API_KEY" in KEY_ADVICE


def test_a_folder_in_place_of_the_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".dlt" / "secrets.toml").mkdir(parents=True)
    with pytest.raises(SettingsError, match="No Telnyx API key"):
        require_api_key({}, [tmp_path / ".dlt"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = 1\napi_key = KEY_FAKE_FAKE", "is not valid TOML (at line 2, column 11)."),
        (b"api_key = 'KEY_FAKE", "is not valid TOML (at end of document)."),
        (b"api_key = 'KEY_FAKE'\n# caf\xe9", "is not UTF-8 text (at line 2, column 6)."),
    ],
    ids=["not TOML", "cut off", "not UTF-8"],
)
@pytest.mark.parametrize("environ", [{}, {"TELNYX_API_KEY": "KEY_FAKE"}], ids=["no key", "a key"])
@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_a_broken_file_is_named_with_the_place_and_never_quoted(
    content: bytes, said: str, environ: dict[str, str], name: str, tmp_path: Path
) -> None:
    folder = write(tmp_path, name, "")
    (folder / name).write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        require_api_key(environ, [folder])
    assert str(raised.value) == f"{folder / name} {said}"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T10:30", datetime(2026, 5, 1, 10, 30, tzinfo=UTC)),
        ("2026-05-01T10:30:00Z", datetime(2026, 5, 1, 10, 30, tzinfo=UTC)),
        ("2026-05-01T10:30:00+05:30", datetime(2026, 5, 1, 5, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
    ids=repr,
)
def test_a_date_or_instant_is_read_as_utc(text: str | None, instant: datetime | None) -> None:
    parsed = parse_instant("start_date", text)
    assert parsed == instant
    assert parsed is None or parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "01.05.2026", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_instant_is_refused_by_the_name_of_the_setting(text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^--since: '{text.replace('+', '.')}' is neither"):
        parse_instant("--since", text)
