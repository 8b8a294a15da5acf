"""Random settings: each is accepted with the type that it must have, or refused in one line that shows no secret."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec import structs
from portouts.commands.results.settings import _lines
from portouts.errors import SettingsError
from portouts.load.settings.files import NAMED_VARIABLES, Setting, find_settings
from portouts.load.settings.key import with_key_of_file
from portouts.load.settings.overview import overview_of
from portouts.load.settings.settings import Settings, check_settings
from portouts.load.settings.tables import NAMES, SECRETS

CANARY = "CANARY_9127"
MODES = {None, 0o600, 0o640, 0o644}
# Texts that are nearly right, beside those that cannot be.
LIKELY = st.sampled_from(
    [
        *("", " ", "0640", "640", "0777", "true", "yes", "12", "1e3", "-1", "nan", "inf", "1_000", "keep", "hash"),
        *("2024-01-01", "2024-01-01T00:00:00+25:00", "Europe/Berlin", "../UTC", "UTC\0", "a.csv", "/", "\0", "~nobody"),
        *("https://h", "https://[::1", "http://127.0.0.1:1", "http://h:99999", "json://h", "[", "[1", '["json://h"]'),
        *("1,2", "1;2", ",", f"json://{CANARY}", f"[{CANARY}", f"KEY {CANARY}", f"{CANARY}\n{CANARY}"),
        *("\ud800", "é\x7f", "\ufeffKEY", "٣", "²", "a" * 5000),
    ]
)
TEXT = st.text(max_size=30) | LIKELY
SCALARS = (
    TEXT
    | st.booleans()
    | st.integers(-10, 300)
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([None, UTC]))
    | st.times()
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.lists(SCALARS, max_size=2), max_size=2)
HOURS = st.lists(st.floats(0.1, 8760) | st.integers(1, 8760), max_size=3)
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "start_date": st.dates() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    "pii": st.sampled_from(["keep", "drop"]),
    "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    "response_window_hours": st.floats(0.001, 8760),
    "carriers": st.none(),
    "labels": st.none(),
    "customer_values": st.none(),
    "publish.mode": st.sampled_from(["0600", "640"]),
    "metrics.file": st.text(max_size=9).map("/m/{}.prom".format),
    "alerts.hours_before": HOURS | HOURS.map(json.dumps) | HOURS.map(lambda hours: ",".join(map(str, hours))),
    "alerts.alerts_folder": st.just("/"),
}
NUMBERS = st.booleans() | st.integers(0, 64) | st.integers(0, 64).map(str)
KNOWN = st.fixed_dictionaries({}, optional={name: RIGHT.get(name, NUMBERS) | VALUES for name in NAMES})
FEW = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
STRANGE = st.dictionaries(st.sampled_from(NAMES) | TEXT, st.dictionaries(TEXT, SCALARS, max_size=2), max_size=2)
USUAL = st.fixed_dictionaries({}, optional={name: RIGHT.get(name, NUMBERS) for name in NAMES if name not in SECRETS})
FILES = USUAL | FEW | KNOWN | STRANGE


def is_typed(settings: Settings) -> bool:
    """Return whether every setting has the type and the bounds that its readers count on."""
    source: Any = settings.source
    models: Any = settings.models
    alerts: Any = settings.alerts
    whole = [source.page_size, source.max_concurrency, source.overlap_minutes, models.check_all_hours]
    return all(
        [
            all(type(number) is int and number >= 0 for number in whole),
            type(source.events) is type(source.allow_insecure_http) is bool,
            isinstance(source.api_key, str) and source.api_key.isprintable(),
            isinstance(models.time_zone, ZoneInfo) and isinstance(source.time_zone, ZoneInfo),
            0 < models.response_window_hours <= 24 * 365,
            settings.publish.mode in MODES,
            settings.metrics.file is None or isinstance(settings.metrics.file, Path),
            all(isinstance(url, str) and "://" in url for url in alerts.urls),
            all(type(hours) is float and 0 < hours <= 24 * 365 for hours in alerts.hours_before),
            alerts.alerts_folder is None or alerts.alerts_folder.is_dir(),
            source.start is None or source.start.tzinfo is UTC,
        ]
    )


def checked(found: dict[str, Setting]) -> Settings | None:
    """Check settings; None if they were refused, by a message that shows no secret."""
    try:
        return check_settings(found)
    except SettingsError as error:
        said = str(error)
    # What is no secret is shown.
    is_shown = any(CANARY in f"{name}{one.value!r}" for name, one in found.items() if name not in SECRETS)
    assert is_shown or CANARY not in said
    assert len(said) > 20
    return None


@given(FILES)
@example({"alerts.hours_before": [10**400]})
@example({"holidays": "\0"})
@example({"alerts.alerts_folder": "a" * 5000})
def test_whatever_a_file_says_is_typed_or_refused(values: dict[str, Any]) -> None:
    settings = checked({name: Setting(value, "config.toml") for name, value in values.items()})
    assert settings is None or is_typed(settings)


VARIABLES = (*NAMED_VARIABLES, *(f"SOURCES__TELNYX__{name.upper()}" for name in NAMES if "." not in name))


@given(st.dictionaries(st.sampled_from(VARIABLES), TEXT, max_size=4))
def test_whatever_a_variable_says_is_typed_or_refused(environ: dict[str, str]) -> None:
    try:
        found = find_settings(environ, [])
    except SettingsError as error:  # a home that there is not
        assert "home" in str(error)  # noqa: PT017 - the only reason
        return
    settings = checked(found)
    assert settings is None or is_typed(settings)


def meaning(settings: Settings) -> tuple[object, ...]:
    source = structs.replace(settings.source, start_date=None)
    return source, settings.source.start, settings.models, settings.publish, settings.metrics, settings.alerts


@given(USUAL)
def test_what_is_shown_means_the_same_when_it_is_read_again(values: dict[str, Any]) -> None:
    settings = checked({name: Setting(value, "config.toml") for name, value in values.items()})
    assume(settings is not None)
    assert settings is not None
    shown = overview_of(settings, Path("missing.duckdb"), [])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "settings.toml"
        file.write_text("\n".join(_lines(shown)), encoding="utf-8")
        again = check_settings(find_settings({}, [file]))
    assert meaning(again) == meaning(settings)


@given(st.binary(max_size=200) | TEXT.map(lambda text: f"[alerts]\nurls = {text}".encode(errors="replace")))
def test_a_file_of_any_bytes_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_bytes(content)
        try:
            found = find_settings({}, [file])
        except SettingsError as error:
            assert str(file) in str(error)  # noqa: PT017 - there may be none
            assert CANARY not in str(error)  # noqa: PT017 - as above
            return
    checked(found)
    tomllib.loads(content.decode())


@given(st.binary(max_size=100) | TEXT.map(lambda text: text.encode(errors="replace")))
def test_a_key_file_of_any_bytes_holds_a_key_or_is_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        file.write_bytes(content)
        try:
            key = with_key_of_file({}, {}, file)["api_key"].value
        except SettingsError as error:
            assert str(file) in str(error)  # noqa: PT017 - there may be none
            assert CANARY not in str(error)  # noqa: PT017 - as above
        else:
            assert isinstance(key, str)
            assert key.isascii()
            assert key
            assert key.encode() in content
