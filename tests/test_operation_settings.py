"""The tables `[publish]`, `[metrics]` and `[alerts]`: where they are found, and what they may contain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from portouts.errors import SettingsError
from portouts.load.settings.files import NAMED_VARIABLES, OWN_TABLES, PATHS, Setting, find_settings
from portouts.load.settings.settings import Settings, check_settings
from portouts.load.settings.tables import NAMES, TABLES

CANARY = "CANARY_4711"


def read(text: str, folder: Path, **environ: str) -> Settings:
    """Read the settings of a project whose file has this text."""
    (folder / ".dlt").mkdir(exist_ok=True)
    file = folder / ".dlt" / "config.toml"
    file.write_text(text, encoding="utf-8")
    return check_settings(find_settings(environ, [file]))


def refusal(text: str, folder: Path, **environ: str) -> str:
    with pytest.raises(SettingsError) as raised:
        read(text, folder, **environ)
    return str(raised.value)


def test_every_setting_of_these_tables_has_a_variable_and_those_alone() -> None:
    assert {name for name in NAMES if "." in name} == {name for name in NAMED_VARIABLES.values() if "." in name}
    assert {*TABLES} == {"sources.telnyx", *OWN_TABLES}
    assert {*NAMES} > PATHS


def test_without_them_nothing_is_sent_and_files_stay_private(tmp_path: Path) -> None:
    found = read("", tmp_path)
    assert (found.publish.mode, found.metrics.file, found.metrics.ping_url) == (None, None, None)
    assert (found.publish.targets, found.publish.schemas, found.publish.timeout_minutes) == ((), ("raw", "marts"), 30)
    assert (found.alerts.urls, found.alerts.hours_before, found.alerts.alerts_folder) == ((), (24.0, 4.0), None)


def test_they_are_read_from_files_with_paths_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    found = read(
        '[publish]\nmode = "0640"\n[metrics]\nfile = "metrics/portouts.prom"\nping_url = "https://hc.example/a"\n'
        '[alerts]\nurls = ["json://h/a", "mailto://u:p@h"]\nhours_before = [4, 24.5, 4]\nalerts_folder = "alerts"',
        tmp_path,
    )
    assert found.publish.mode == 0o640
    assert (found.metrics.file, found.metrics.ping_url) == (
        tmp_path / "metrics" / "portouts.prom",
        "https://hc.example/a",
    )
    assert found.alerts.urls == ("json://h/a", "mailto://u:p@h")
    assert (found.alerts.hours_before, found.alerts.alerts_folder) == ((24.5, 4.0), tmp_path / "alerts")


def test_variables_come_before_files(tmp_path: Path) -> None:
    variables = {
        "PUBLISH__MODE": "640",
        "METRICS__FILE": "~/portouts.prom",
        "METRICS__PING_URL": " https://hc.example/b\n",
        "ALERTS__URLS": "json://h/b",
        "ALERTS__HOURS_BEFORE": "12",
        "ALERTS__ALERTS_FOLDER": str(tmp_path),
    }
    found = read('[publish]\nmode = "0644"\n[alerts]\nurls = ["json://h/a"]', tmp_path, **variables)
    assert found.publish.mode == 0o640
    assert (found.metrics.file, found.metrics.ping_url) == (Path.home() / "portouts.prom", "https://hc.example/b")
    assert (found.alerts.urls, found.alerts.hours_before) == (("json://h/b",), (12.0,))
    assert found.found["alerts.urls"].origin == "environment variable ALERTS__URLS"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("json://h/a", ("json://h/a",)),
        ("json://h/a,json://h/b", ("json://h/a", "json://h/b")),
        ("json://h/a\njson://h/b\n", ("json://h/a", "json://h/b")),
        (' ["json://h/a", "json://h/b"] ', ("json://h/a", "json://h/b")),
        ("mailto://h?to=a@h,b@h, json://h/b", ("mailto://h?to=a@h,b@h", "json://h/b")),
        ("", ()),
        (" , ", ()),
        ("[]", ()),
    ],
    ids=["one", "commas", "lines", "JSON", "a comma in an address", "empty", "blank", "an empty list"],
)
def test_a_list_in_the_environment_has_commas_lines_or_json(text: str, urls: tuple[str, ...], tmp_path: Path) -> None:
    assert read("", tmp_path, ALERTS__URLS=text).alerts.urls == urls


@pytest.mark.parametrize("name", ["PUBLISH__MODE", "METRICS__FILE", "METRICS__PING_URL", "ALERTS__ALERTS_FOLDER"])
def test_a_blank_variable_is_none(name: str, tmp_path: Path) -> None:
    assert read("", tmp_path, **{name: " "}) == read("", tmp_path)


@pytest.mark.parametrize(
    "name", ["METRICS__PORT", "ALERTS__ENABLED", "PUBLISH__TOKEN", "METRICS", "ALERTS__URLS__0", "metrics__file"]
)
def test_a_variable_that_is_none_of_ours_belongs_to_another_program(name: str, tmp_path: Path) -> None:
    assert read("", tmp_path, **{name: "x"}) == read("", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[publish]\nmode = 640", "publish.mode must be the text 0600, 0640 or 0644, not 640 ({file})."),
        ('[publish]\nmode = "0777"', "publish.mode must be the text 0600, 0640 or 0644, not '0777' ({file})."),
        ('[publish]\nmode = "0660"', "publish.mode must be the text 0600, 0640 or 0644, not '0660' ({file})."),
        ('[publish]\nmode = "rw"', "publish.mode must be the text 0600, 0640 or 0644, not 'rw' ({file})."),
        ("[metrics]\nfile = 5", "metrics.file must be the path of a file, not 5 ({file})."),
        ("[alerts]\nhours_before = [0]", "hours_before must be a list of numbers above 0 and up to 8760, not [0] ("),
        ("[alerts]\nhours_before = [true]", "numbers above 0 and up to 8760, not [True] ({file})."),
        ('[alerts]\nhours_before = "soon"', "numbers above 0 and up to 8760, not 'soon' ({file})."),
        ("[alerts]\nhours_before = nan", "numbers above 0 and up to 8760, not nan ({file})."),
        (f"[alerts]\nhours_before = 1{'0' * 400}", "numbers above 0 and up to 8760, not 1000"),
        ('[alerts]\nalerts_folder = "none"', "with SQL files: there is no folder {folder}/none ({file})."),
        ("alerts = 5", "alerts is a table: write its settings below a line [alerts] ({file})."),
    ],
    ids=lambda text: text[:40] if "=" in text else "",
)
def test_a_value_that_makes_no_sense_is_refused_with_what_is_allowed(text: str, said: str, tmp_path: Path) -> None:
    assert said.format(file=tmp_path / ".dlt" / "config.toml", folder=tmp_path) in refusal(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'[publish]\ntargets = ["{CANARY}"]', "publish.targets"),
        (f'[metrics]\nping_url = "hc.example/{CANARY}"', "metrics.ping_url"),
        (f'[metrics]\nping_url = ["{CANARY}"]', "metrics.ping_url"),
        (f'[alerts]\nurls = ["{CANARY}"]', "alerts.urls"),
        (f'[alerts]\nurls = [["{CANARY}"]]', "alerts.urls"),
        (f'[alerts]\nurls = "[{CANARY}"', "alerts.urls"),
        (f'[alerts]\nurls = {{ a = "{CANARY}" }}', "alerts.urls"),
    ],
    ids=["no target", "no scheme", "a list", "no address", "a list of lists", "no JSON", "a table"],
)
def test_a_secret_that_makes_no_sense_is_refused_and_never_shown(text: str, name: str, tmp_path: Path) -> None:
    said = refusal(text, tmp_path)
    assert said.startswith(f"{name} must be ")
    assert "not what it is" in said
    assert CANARY not in said


def test_no_text_of_the_settings_contains_an_address(tmp_path: Path) -> None:
    found = read(
        f'[metrics]\nping_url = "https://h/{CANARY}"\n[alerts]\nurls = ["json://{CANARY}"]\n'
        f'[publish]\ntargets = ["postgresql://u:{CANARY}@h/d"]',
        tmp_path,
    )
    assert CANARY not in f"{found} {found!r} {found.publish!r} {found.metrics!r} {found.alerts!r}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[publish]\nmod = 1", "[publish] has no setting mod ({file}). Did you mean mode? There are mode, targets, "),
        ("[alerts]\nurl = 1", "[alerts] has no setting url ({file}). Did you mean urls?"),
        ("[alerts]\nURLs = 1", "[alerts] has no setting URLs ({file}). Did you mean urls?"),
        ("[metrics.file]\na = 1", "metrics.file must be the path of a file"),
        ("[metrics.x]\na = 1", "[metrics] has no setting x ({file}). There are file, ping_url: "),
        ("[alerts]\npii = 1", "[alerts] has no setting pii ({file}). pii stands under [sources.telnyx]."),
        ("[sources.telnyx]\nurls = []", "has no setting urls ({file}). urls stands under [alerts]."),
        ("[sources.telnyx]\nmax_concurency = 1", "has no setting max_concurency ({file}). Did you mean max_conc"),
        ("[sources.telnyx]\noperators = 'a.csv'", "has no setting operators ({file}). operators is now carriers."),
        ('[sources.telnyx]\n"publish.mode" = "0644"', "[sources.telnyx] has no setting publish.mode ({file})."),
        ("[sources.telnyx]\nqqq = 1\nzzz = 2", "has no setting qqq ({file}), zzz ({file}). There are api_key"),
    ],
    ids=lambda text: text[:40] if "=" in text else "",
)
def test_a_name_that_is_no_setting_is_refused_with_the_one_that_was_meant(text: str, said: str, tmp_path: Path) -> None:
    assert said.format(file=tmp_path / ".dlt" / "config.toml") in refusal(text, tmp_path)


@pytest.mark.parametrize("value", [True, 0, [], {}, "0 640"], ids=repr)
def test_a_mode_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(SettingsError, match=r"publish\.mode must be the text"):
        check_settings({"publish.mode": Setting(value, "argument")})
