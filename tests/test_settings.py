"""Settings that are read before dlt is there to read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from portouts.settings import KEY_ADVICE, SettingsError, parse_instant, require_api_key

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, text: str) -> Path:
    (folder / ".dlt").mkdir(exist_ok=True)
    (folder / ".dlt" / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["TELNYX_API_KEY", "SOURCES__TELNYX__API_KEY", "SOURCES__API_KEY", "API_KEY"])
def test_a_key_in_the_environment_is_enough(name: str, tmp_path: Path) -> None:
    require_api_key({name: "KEY_FAKE"}, [tmp_path])


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
    require_api_key({}, [tmp_path, write(tmp_path / "home", name, text)])


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
        require_api_key({"TELNYX_API_KEY": ""}, [write(tmp_path, "secrets.toml", text), tmp_path / "nowhere"])
    assert str(raised.value) == KEY_ADVICE
    assert "TELNYX_API_KEY" in KEY_ADVICE


def test_a_folder_in_place_of_the_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".dlt" / "secrets.toml").mkdir(parents=True)
    with pytest.raises(SettingsError, match="No Telnyx API key"):
        require_api_key({}, [tmp_path])


@pytest.mark.parametrize("content", [b"api_key = KEY_FAKE_FAKE", b"\xff\xfe"], ids=["not TOML", "not UTF-8"])
def test_a_broken_file_is_named_and_never_quoted(content: bytes, tmp_path: Path) -> None:
    write(tmp_path, "secrets.toml", "").joinpath(".dlt", "secrets.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"secrets\.toml is not valid TOML") as raised:
        require_api_key({}, [tmp_path])
    assert "KEY_FAKE" not in str(raised.value)


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
