"""Every setting is checked before the first request; the message of a refusal names it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.configuration.providers.dictionary import DictionaryProvider
from dlt.common.runtime.run_context import RunContext, switched_run_context
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting, find_settings
from portouts.load.settings.settings import check_settings, check_source_settings, read_settings, read_source_settings
from portouts.load.settings.tables import NAMES, TABLES, full_name
from portouts.transform.lists.holidays import Holiday

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
Configure = Callable[..., None]


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Configure]:
    """Make dlt read these files instead of its own."""
    with ExitStack() as contexts:

        def write(config: str = "", secrets: str = "") -> None:
            (tmp_path / ".dlt").mkdir()
            for name, text in (("config.toml", config), ("secrets.toml", secrets)):
                (tmp_path / ".dlt" / name).write_text(f"[sources.telnyx]\n{text}\n", encoding="utf-8")
            contexts.enter_context(switched_run_context(RunContext(str(tmp_path))))

        yield write


def refusal(**arguments: Any) -> str:
    """Read all settings and return the message of the refusal."""
    with pytest.raises(SettingsError) as raised:
        read_settings("KEY_FAKE", **arguments)
    return str(raised.value)


# Names


@pytest.mark.parametrize("name", ["pi", "time-zone", "PII", "page_sizes"])
def test_a_key_that_is_no_setting_is_refused_with_all_that_are(name: str, configure: Configure) -> None:
    configure(f'{name} = "drop"')
    said = refusal()
    assert f"no setting {name} (config.toml)" in said
    assert "page_size" in said
    assert "pii_salt" in said


def test_a_key_that_is_no_setting_is_refused_among_the_secrets_and_its_value_never_shown(configure: Configure) -> None:
    configure(secrets='pii-salt = "CANARY"')
    said = refusal()
    assert "no setting pii-salt (secrets.toml)" in said
    assert "CANARY" not in said


def test_a_variable_that_is_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__TELNYX__PI", "drop")
    assert "no setting pi (environment variable SOURCES__TELNYX__PI)" in refusal()


def test_what_dlt_reads_there_may_stand_there(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure('pii = "drop"\n[sources.telnyx.data_writer]\nbuffer_max_items = 100')
    monkeypatch.setenv("SOURCES__TELNYX__EXTRACT__WORKERS", "2")
    assert read_source_settings("KEY_FAKE").pii == "drop"


def test_every_setting_stands_in_the_shipped_files_with_its_default(tmp_path: Path) -> None:
    folder = Path(__file__).parents[1] / ".dlt"
    shipped = "\n".join((folder / name).read_text(encoding="utf-8") for name in ("config.toml", "secrets.toml.example"))
    names = re.findall(r"^(?:# )?(\w+) = |^\[(.+)\]", shipped, re.MULTILINE)
    table, found = "", set()
    for name, heading in names:
        table = heading or table
        found |= {full_name(table, name)} if name and table in TABLES else set()
    assert found == {*NAMES}
    without_default = (
        "start_date",
        "holidays",
        "carriers",
        "customer_values",
        "labels",
        "mode",
        "file",
        "alerts_folder",
    )
    config = (folder / "config.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if " = " in line else line for line in config.splitlines()]
    written = tmp_path / "config.toml"
    written.write_text("\n".join(line for line in lines if not line.startswith(without_default)), encoding="utf-8")
    assert check_settings(find_settings({}, [written])) == check_settings({})


# Sections


@pytest.mark.parametrize("section", ["", "sources.", "telnyx.", "sources.telnyx.telnyx.", "portouts.sources.telnyx."])
def test_a_script_finds_its_settings_in_no_other_section(
    section: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = read_settings("KEY_FAKE")
    configure()
    for name, value in {"base_url": "https://other.example", "pii": "drop", "page_size": 3}.items():
        dlt.config[f"{section}{name}"] = value
        monkeypatch.setenv(f"{section}{name}".replace(".", "__").upper(), str(value))
    dlt.secrets[f"{section}api_key"] = "KEY_OF_ANOTHER_VENDOR"
    assert read_settings("KEY_FAKE") == default
    with pytest.raises(SettingsError, match="No Telnyx API key"):
        read_settings()


def test_a_script_may_set_them_in_its_own_code(configure: Configure) -> None:
    configure()
    dlt.secrets["sources.telnyx.api_key"] = "KEY_FAKE"
    dlt.config["sources.telnyx.page_size"] = 7
    found = read_source_settings()
    assert (found.api_key, found.page_size) == ("KEY_FAKE", 7)


def test_a_vault_is_asked_for_each_setting_of_our_section(configure: Configure) -> None:
    class Vault(DictionaryProvider):
        """Answers by name, as vaults do."""

        def get_value(self, key: str, _hint: Any, _name: str | None, *sections: str) -> tuple[Any, str]:
            return ("KEY_OF_THE_VAULT" if (*sections, key) == ("sources", "telnyx", "api_key") else None), key

    configure()
    dlt.config.register_provider(Vault())
    assert read_source_settings().api_key == "KEY_OF_THE_VAULT"


# Values


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('page_size = "abc"', "page_size must be a whole number between 1 and 250, not 'abc' (config.toml)."),
        ("page_size = 2.5", "page_size must be a whole number between 1 and 250, not 2.5 (config.toml)."),
        ("page_size = 0", "page_size must be a whole number between 1 and 250, not 0 (config.toml)."),
        ('events = "perhaps"', "events must be true or false, not 'perhaps' (config.toml)."),
        ('pii = "blur"', "pii must be keep, hash or drop, not 'blur' (config.toml)."),
        ('start_date = "spring"', "start_date: 'spring' is neither a date"),
        *(
            (f"response_window_hours = {value}", f"must be a number above 0 and up to 8760, not {shown} (config.toml).")
            for value, shown in {'"two"': "'two'", "0": "0", "1e7": "10000000.0", "nan": "nan"}.items()
        ),
        ("check_all_hours = -1", "check_all_hours must be a whole number between 0 and 8784, not -1 (config.toml)."),
        ("holidays = 5", "with the header holiday_on,country_code,name, not 5 (config.toml)."),
        ('holidays = ["2026-01-01"]', "holiday_on,country_code,name, not ['2026-01-01'] (config.toml)."),
        (
            'holidays = "nowhere.csv"',
            "country_code,name: the list of holidays nowhere.csv cannot be read: No such file or directory (config.",
        ),
        *(
            (f'{setting} = "{zone}"', f"{setting} must be an IANA name such as America/New_York, not {zone!r} (config.")
            for setting in ("time_zone", "business_time_zone")
            for zone in ("Mars/Olympus", "America", "localtime", "posix/America/New_York", "../UTC", "PST", "")
        ),
    ],
    ids=lambda text: text if "=" in text else "",
)
def test_a_value_that_makes_no_sense_is_refused_with_what_is_allowed(
    line: str, said: str, configure: Configure
) -> None:
    configure(line)
    assert said in refusal()


@pytest.mark.parametrize("name", ["page_size", "max_concurrency", "overlap_minutes", "sync_deadline_minutes"])
def test_a_number_may_be_at_its_bounds_and_not_beyond(name: str) -> None:
    (bounds,) = re.findall(r"between (\d+) and (\d+)", refusal(**{name: -1}))
    least, most = map(int, bounds)
    for value in (least, most):
        assert getattr(check_source_settings({name: Setting(value, "argument")}), name) == value
    for value in (least - 1, most + 1):
        assert f"{name} must be a whole number between {least} and {most}, not {value} (" in refusal(**{name: value})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("events", "false", False), ("page_size", "12", 12), ("overlap_minutes", "0", 0), ("pii", "drop", "drop")],
)
def test_a_text_of_the_environment_is_converted(
    name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SOURCES__TELNYX__{name.upper()}", text)
    assert getattr(read_source_settings("KEY_FAKE"), name) == value


@pytest.mark.parametrize(
    "settings",
    [{"page_size": "7"}, {"page_size": True}, {"events": "false"}, {"response_window_hours": "48"}, {"time_zone": 5}],
    ids=str,
)
def test_an_argument_of_another_type_is_refused_too(settings: dict[str, Any]) -> None:
    ((name, value),) = settings.items()
    said = refusal(**settings)
    assert said.startswith(f"{name} must be ")
    assert said.endswith(f", not {value!r} (argument).")


@pytest.mark.parametrize("value", [["CANARY"], 5, {"CANARY": 1}], ids=repr)
@pytest.mark.parametrize("name", ["api_key", "pii_salt"])
def test_a_secret_of_another_type_is_refused_and_never_shown(name: str, value: object) -> None:
    with pytest.raises(SettingsError) as raised:
        check_source_settings({name: Setting(value, "secrets.toml")})
    assert str(raised.value) == f"{name} must be a text, not what it is (secrets.toml)."


def test_a_source_alone_reads_no_list_of_holidays(configure: Configure) -> None:
    configure('holidays = "nowhere.csv"\ncarriers = "nowhere.csv"\npage_size = 7')
    assert read_source_settings("KEY_FAKE").page_size == 7


def test_no_text_of_the_settings_contains_the_key_or_the_salt() -> None:
    settings = read_settings("KEY_CANARY", pii="hash", pii_salt="SALT_CANARY")
    assert "CANARY" not in f"{settings} {settings!r} {settings.source!r}"


URLS = [
    "api.telnyx.com/v2",
    "https://h:99999/v2",
    "https://h:abc",
    "https://h:0",
    "https://[::1",
    "https://",
    "https:///v2",
    "https://h/v2?a=1",
    "https://h/v2#a",
    "https://h\n",
]


@pytest.mark.parametrize("url", URLS, ids=repr)
def test_a_base_url_that_leads_nowhere_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", url)
    with pytest.raises(SettingsError, match=f"^TELNYX_BASE_URL .*{re.escape(repr(url))}"):
        read_settings("KEY_FAKE")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.telnyx.com/v2",
        "HTTP://api.telnyx.com/v2",
        "http://10.0.0.1/v2",
        "http://127.0.0.1.example/v2",
        "http://localhost.example/v2",
        "http://[2001:db8::1]/v2",
        "http://0.0.0.0:8000/v2",
    ],
)
def test_a_key_is_never_sent_in_clear_text_to_another_machine(url: str) -> None:
    with pytest.raises(SettingsError, match=r"must begin with https://.*can be read on its way"):
        read_settings("KEY_FAKE", url)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.9.9.9", "localhost", "LocalHost:8000", "[::1]:8000"])
def test_a_simulated_account_on_this_machine_may_be_asked_in_clear_text(host: str) -> None:
    assert read_source_settings("KEY_FAKE", f"http://{host}/v2").base_url == f"http://{host}/v2"


@pytest.mark.parametrize("url", ["https://user:CANARY@h/v2", "https://user:CANARY@h:abc"])
def test_credentials_in_a_base_url_are_refused_and_never_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", url)
    with pytest.raises(SettingsError, match=r"TELNYX_BASE_URL .* must not hold a user or a password") as raised:
        read_settings("KEY_FAKE")
    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("key", ["KEY\nCANARY", "KEY CANARY", "KEY\u2026CANARY", "KEY\0CANARY"], ids=ascii)
def test_a_key_that_cannot_be_sent_is_refused_and_never_shown(key: str, configure: Configure) -> None:
    configure(secrets=f"api_key = {json.dumps(key)}")
    for given in (key, None):
        with pytest.raises(SettingsError, match="TELNYX_API_KEY") as raised:
            read_settings(given)
        assert "CANARY" not in str(raised.value)


def test_a_key_may_have_blanks_around_it_and_blanks_alone_are_none(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_source_settings(" KEY_FAKE\r\n").api_key == "KEY_FAKE"
    monkeypatch.setenv("TELNYX_API_KEY", " ")
    with pytest.raises(SettingsError, match="No Telnyx API key"):
        read_settings()
    configure(secrets='api_key = "KEY_FAKE\\n"')
    assert read_source_settings().api_key == "KEY_FAKE"


def test_the_models_get_the_settings_as_they_stand_there(configure: Configure, tmp_path: Path) -> None:
    days = tmp_path / "days.csv"
    days.write_text("holiday_on,name\n2026-07-01,Founders' Day\n", encoding="utf-8")
    configure(
        "response_window_hours = 24\ncheck_all_hours = 12\n"
        'time_zone = "Europe/Berlin"\n'
        'business_time_zone = "Asia/Kolkata"\n'
        f'holidays = "{days}"'
    )
    inputs = read_settings(needs_key=False).models.inputs(AS_OF)
    assert (inputs.as_of, inputs.response_window_hours, inputs.check_all_hours) == (AS_OF, 24, 12)
    assert (inputs.time_zone, inputs.business_time_zone) == ("Europe/Berlin", "Asia/Kolkata")
    assert inputs.days_off == (Holiday(date(2026, 7, 1), "Founders' Day"),)


def test_a_date_may_be_written_without_quotes(configure: Configure) -> None:
    configure("start_date = 2024-01-01")
    assert read_source_settings("KEY_FAKE").start == datetime(2024, 1, 1, tzinfo=UTC)
