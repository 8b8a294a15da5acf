"""Where settings are found, without dlt: in the environment and in files, in exactly one section."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting, find_settings, parse_instant, settings_files
from portouts.load.settings.key import KEY_ADVICE, require_api_key


def write(folder: Path, name: str, text: str) -> Path:
    (folder / ".dlt").mkdir(exist_ok=True, parents=True)
    (folder / ".dlt" / name).write_text(text, encoding="utf-8")
    return folder / ".dlt" / name


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


# Which files


def test_settings_beside_the_database_come_before_those_of_the_current_folder_and_of_the_user(tmp_path: Path) -> None:
    folders = [tmp_path / "data", tmp_path / "here", tmp_path / "home"]
    for number, folder in enumerate(folders):
        write(folder, "config.toml", f"[sources.telnyx]\npage_size = {number + 1}\nonly_{number} = 1\n")
    files = settings_files(tmp_path / "data" / "portouts.duckdb")
    assert files[:6] == [folder / ".dlt" / name for folder in folders for name in ("secrets.toml", "config.toml")]
    found = find_settings({}, files)
    assert found["page_size"] == Setting(1, str(tmp_path / "data" / ".dlt" / "config.toml"))
    assert found.keys() == {"page_size", "only_0", "only_1", "only_2"}


def test_a_link_to_a_database_counts_for_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    link = tmp_path / "here" / "portouts.duckdb"
    link.symlink_to(tmp_path / "data" / "portouts.duckdb")
    assert settings_files(link)[0] == tmp_path / "data" / ".dlt" / "secrets.toml"


@pytest.mark.parametrize("named", ["project", "project/.dlt", "project/.dlt/config.toml", "project/.dlt/secrets.toml"])
def test_what_config_names_takes_the_place_of_all_other_projects(named: str, tmp_path: Path) -> None:
    own = [write(tmp_path / "project", name, "") for name in ("secrets.toml", "config.toml")]
    write(tmp_path / "here", "config.toml", "")
    files = settings_files(tmp_path / "here" / "portouts.duckdb", tmp_path / named)
    assert files[:2] == own
    assert tmp_path / "here" not in {file.parent.parent for file in files}


def test_a_file_of_settings_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "telnyx.toml").write_text("[sources.telnyx]\npage_size = 7\n")
    (tmp_path / "secrets.toml").write_text('[sources.telnyx]\napi_key = "KEY_FAKE"\n')
    found = find_settings({}, settings_files(tmp_path / "portouts.duckdb", tmp_path / "telnyx.toml"))
    assert (found["page_size"].value, found["api_key"].value) == (7, "KEY_FAKE")


@pytest.mark.parametrize("named", ["nowhere", "empty", "nowhere/config.toml"])
def test_a_config_that_is_not_there_is_refused(named: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=r"--config .*there is neither such a file"):
        settings_files(tmp_path / "portouts.duckdb", tmp_path / named)


def test_a_home_in_the_path_of_config_is_that_of_the_user(tmp_path: Path) -> None:
    own = write(tmp_path / "home" / "telnyx", "secrets.toml", "")
    assert settings_files(tmp_path / "portouts.duckdb", Path("~/telnyx"))[0] == own


@pytest.mark.parametrize("name", ["DLT_PROJECT_DIR", "DLT_CONFIG_FOLDER", "DLT_DATA_DIR", "XDG_DATA_HOME"])
def test_no_variable_of_dlt_moves_the_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings_files(tmp_path / "portouts.duckdb")
    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert settings_files(tmp_path / "portouts.duckdb") == before


@pytest.mark.parametrize("name", ["holidays", "carriers", "labels"])
def test_a_list_is_relative_to_the_project_of_its_file(tmp_path: Path, name: str) -> None:
    in_project = write(tmp_path / "project", "config.toml", f'[sources.telnyx]\n{name} = "list.csv"\n')
    (tmp_path / "plain.toml").write_text(f'[sources.telnyx]\n{name} = "lists/list.csv"\n')
    assert find_settings({}, [in_project])[name].value == str(tmp_path / "project" / "list.csv")
    assert find_settings({}, [tmp_path / "plain.toml"])[name].value == str(tmp_path / "lists" / "list.csv")
    assert find_settings({f"SOURCES__TELNYX__{name.upper()}": "a.csv"}, [in_project])[name].value == "a.csv"


def test_a_list_that_a_variable_names_may_lie_in_the_home(tmp_path: Path) -> None:
    found = find_settings({"SOURCES__TELNYX__CARRIERS": "~/carriers.csv"}, [])
    assert found["carriers"].value == str(tmp_path / "home" / "carriers.csv")


# Which section


@pytest.mark.parametrize(
    "text",
    [
        'base_url = "https://other.example"',
        '[sources]\nbase_url = "https://other.example"',
        '[sources.telnyx.telnyx]\nbase_url = "https://other.example"',
        '[telnyx]\nbase_url = "https://other.example"',
        '[portouts.sources.telnyx]\nbase_url = "https://other.example"',
        '[sources.github]\nbase_url = "https://other.example"',
        'sources = "x"',
        '[sources]\ntelnyx = "x"',
        "# é",
    ],
    ids=["widest", "wider", "longer", "shorter", "of a pipeline", "another source", "no table", "no section", "none"],
)
@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_no_section_of_a_file_counts_but_our_own(text: str, name: str, tmp_path: Path) -> None:
    assert find_settings({}, [write(tmp_path, name, text)]) == {}


@pytest.mark.parametrize(
    "name",
    [
        "BASE_URL",
        "SOURCES__BASE_URL",
        "TELNYX__BASE_URL",
        "SOURCES__TELNYX__TELNYX__BASE_URL",
        "PORTOUTS__SOURCES__TELNYX__BASE_URL",
        "SOURCES__TELNYX_BASE_URL",
    ],
)
def test_no_variable_counts_but_our_own(name: str) -> None:
    assert find_settings({name: "https://other.example"}, []) == {}


def test_the_environment_comes_before_the_files_and_its_short_names_first(tmp_path: Path) -> None:
    file = write(tmp_path, "secrets.toml", '[sources.telnyx]\napi_key = "KEY_FILE"\nbase_url = "https://file"\n')
    environ = {"SOURCES__TELNYX__API_KEY": "KEY_LONG", "SOURCES__TELNYX__BASE_URL": "https://long"}
    assert find_settings(environ, [file])["api_key"].value == "KEY_LONG"
    short = find_settings({**environ, "TELNYX_API_KEY": "KEY_SHORT", "TELNYX_BASE_URL": " "}, [file])
    assert short["api_key"] == Setting("KEY_SHORT", "environment variable TELNYX_API_KEY")
    assert short["base_url"] == Setting("https://long", "environment variable SOURCES__TELNYX__BASE_URL")


# The key


@pytest.mark.parametrize("name", ["TELNYX_API_KEY", "SOURCES__TELNYX__API_KEY"])
def test_a_key_in_the_environment_is_enough(name: str) -> None:
    require_api_key(find_settings({name: "KEY_FAKE"}, []), [])


@pytest.mark.parametrize("name", ["SOURCES__API_KEY", "API_KEY"])
def test_a_key_that_may_be_of_another_vendor_is_none(name: str) -> None:
    with pytest.raises(SettingsError, match="No Telnyx API key"):
        require_api_key(find_settings({name: "KEY_FAKE"}, []), [])


@pytest.mark.parametrize("text", ['[sources.telnyx]\napi_key = "KEY_FAKE"', "[providers]"], ids=["a key", "a vault"])
@pytest.mark.parametrize("name", ["secrets.toml", "config.toml"])
def test_a_key_in_any_file_is_enough(name: str, text: str, tmp_path: Path) -> None:
    files = [tmp_path / "nowhere" / "secrets.toml", write(tmp_path, name, text)]
    require_api_key(find_settings({}, files), files)


@pytest.mark.parametrize("text", ["", '[sources.telnyx]\napi_key = " "'], ids=["nothing", "a blank key"])
def test_without_a_key_the_message_says_what_to_set_and_where_it_was_looked_for(text: str, tmp_path: Path) -> None:
    files = [write(tmp_path, "secrets.toml", text), tmp_path / "nowhere" / "config.toml"]
    with pytest.raises(SettingsError) as raised:
        require_api_key(find_settings({"TELNYX_API_KEY": " "}, files), files)
    assert str(raised.value) == f"{KEY_ADVICE} Looked into {tmp_path / '.dlt'}, {tmp_path / 'nowhere'}."
    assert "TELNYX_API_KEY" in KEY_ADVICE


# Files that cannot be read


def test_a_folder_in_place_of_the_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".dlt" / "secrets.toml").mkdir(parents=True)
    assert find_settings({}, [tmp_path / ".dlt" / "secrets.toml"]) == {}


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
    file = write(tmp_path, name, "")
    file.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        find_settings(environ, [file])
    assert str(raised.value) == f"{file} {said}"


# Instants


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
