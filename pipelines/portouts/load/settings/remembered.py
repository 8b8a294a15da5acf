"""Stores the settings that the numbers depend on in the warehouse, so that they are the same in every folder.

The first sync writes them into `raw.settings`. Later, a setting that is not given is taken from there, and a different
value is refused until it is accepted. A missing `pii` never changes the stored one, because that would publish hidden
data. Another `pii` makes the sync read every row again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.errors import SettingsError
from portouts.extract.state import SyncState
from portouts.load.settings.files import LISTS, Setting
from portouts.load.settings.settings import Settings, check_settings
from portouts.warehouse.metadata import create_metadata

DEFAULT = "default"
OF_MODELS = frozenset({"time_zone", "response_window_hours", "business_time_zone", "dispute_window_hours", *LISTS})
OF_ROWS = frozenset({"pii", "start_date"})
# Lists that grow by the day must not stop a sync.
FREE_TO_CHANGE = frozenset({"customer_values", "labels"})
ADVICE = "Numbers would mean something else, so nothing was changed. Set the former values, or accept these with"


@dataclass(frozen=True)
class SettingsInUse:
    """The settings to use, notes on differences from the given ones, and the names of changed settings."""

    settings: Settings
    notes: list[str] = field(default_factory=list)
    changed: frozenset[str] = frozenset()


def settings_in_use(
    connection: duckdb.DuckDBPyConnection,
    state: SyncState,
    given: Settings,
    *,
    names: Collection[str] = OF_MODELS | OF_ROWS,
    accepted: Collection[str] = (),
) -> SettingsInUse:
    """Compare the settings of these names with those that the warehouse remembers.

    A setting that is not given keeps its remembered value, unless its change is accepted, too. Raises `SettingsError`
    if a setting outside `accepted` would change, except for the values of customers.
    """
    held = _remembered(connection, state, given)
    if given.models.labels or ("labels" in held and held["labels"].value):
        names = {*names, "pii"}  # labels name numbers as the rows hold them
    remembered = {name: row for name, row in held.items() if name in names}
    settings = _with_remembered(given, remembered, accepted)
    values, before = values_of(settings), values_of(given)
    changes = {
        name: _change(name, old, Setting(values[name], _origin(settings, name)))
        for name, old in sorted(remembered.items())
        if _differs(name, old.value, values[name])
    }
    if refused := [change for name, change in changes.items() if name not in {*accepted, *FREE_TO_CHANGE}]:
        raise SettingsError(
            f"{'; '.join(refused)}. {ADVICE} `portouts sync --accept-settings`"
            f"{', which reads everything again' if 'pii' in changes else ''}."
        )
    taken = [name for name in sorted(remembered) if name not in changes and _differs(name, before[name], values[name])]
    notes = [*_notes_of(taken, remembered), *(f"Accepted: {change}." for change in changes.values())]
    return SettingsInUse(settings, notes, frozenset(changes))


def with_remembered(connection: duckdb.DuckDBPyConnection, given: Settings, names: Collection[str]) -> Settings:
    """Fill in settings of these names from the warehouse if they are not given."""
    remembered = {**_last_build(connection), **{name: row.value for name, row in _recorded(connection).items()}}
    wanted = {name: Setting(value, "the published file") for name, value in remembered.items() if name in names}
    return _with_remembered(given, wanted, accepted=())


def settings_as_remembered(connection: duckdb.DuckDBPyConnection, given: Settings) -> tuple[Settings, list[str]]:
    """Fill in the settings that a published file remembers; also return notes on changes that a sync refuses."""
    remembered = _recorded(connection)
    settings = _with_remembered(given, remembered, ())
    values = values_of(settings)
    changes = [
        _change(name, old, Setting(values[name], _origin(settings, name)))
        for name, old in sorted(remembered.items())
        if name in values and name not in FREE_TO_CHANGE and _differs(name, old.value, values[name])
    ]
    return settings, [f"A sync refuses to change {change} without --accept-settings." for change in changes]


def record_settings(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: datetime,
    names: Collection[str] = OF_MODELS | OF_ROWS,
) -> None:
    """Write the settings of these names into `raw.settings`; an unchanged setting keeps its row."""
    create_metadata(connection)
    recorded, values = _recorded(connection), values_of(settings)
    for name, value in values.items():
        if name in names and (name not in recorded or recorded[name].value != value):
            connection.execute("delete from raw.settings where name = ?", [name])
            row = [name, value, _origin(settings, name), as_of]
            connection.execute("insert into raw.settings values (?, ?, ?, ?)", row)


def remembered_value(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the value of a setting in `raw.settings`; an empty text if it is not there."""
    recorded = _recorded(connection)
    return str(recorded[name].value) if name in recorded else ""


def values_of(settings: Settings) -> dict[str, str]:
    """Return every setting that numbers depend on as text; an empty text means not set."""
    source, models = settings.source, settings.models
    return {
        "start_date": source.start.isoformat() if source.start else "",
        "time_zone": models.time_zone.key,
        "response_window_hours": _number(models.response_window_hours),
        "business_time_zone": models.business_time_zone.key,
        "dispute_window_hours": f"{models.dispute_window_hours}",
        "pii": source.privacy.fingerprint,
        **{name: _file(settings, name) for name in sorted(LISTS)},
    }


def _number(value: float) -> str:
    """Write a number with all its digits, and a whole one without a fraction."""
    return repr(value).removesuffix(".0")


def _file(settings: Settings, name: str) -> str:
    """Return the path and a hash of a file. The same content in another place counts as the same setting."""
    path = settings.found[name].value if name in settings.found else ""
    if not path:
        return ""
    return f"{path} (sha256 {hashlib.sha256(Path(str(path)).read_bytes()).hexdigest()[:16]})"


def _remembered(connection: duckdb.DuckDBPyConnection, state: SyncState, given: Settings) -> dict[str, Setting]:
    """Read what the warehouse remembers; without `raw.settings`, what its last build and its state show."""
    found = _recorded(connection)
    if state.privacy:  # committed together with the rows
        found["pii"] = Setting(state.privacy, found["pii"].origin if "pii" in found else "what was loaded")
    for name, value in _last_build(connection).items():
        found.setdefault(name, Setting(value, "the last build"))
    start = given.source.start
    if "start_date" not in found and start and state.start and start < state.start:
        found["start_date"] = Setting(state.start.isoformat(), "what is held")
    return found


def _recorded(connection: duckdb.DuckDBPyConnection) -> dict[str, Setting]:
    try:
        rows = connection.execute("select name, value, origin from raw.settings").fetchall()
    except duckdb.CatalogException:
        return {}
    return {name: Setting(value, origin) for name, value, origin in rows}


def _last_build(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        rows = connection.execute(
            "select time_zone, response_window_hours, business_time_zone from staging.model_inputs"
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return {}
    return {
        name: value
        for time_zone, hours, business_zone in rows
        for name, value in (
            ("time_zone", time_zone),
            ("response_window_hours", _number(hours)),
            ("business_time_zone", business_zone),
        )
    }


def _with_remembered(given: Settings, remembered: Mapping[str, Setting], accepted: Collection[str]) -> Settings:
    """Add remembered settings for those that are not given."""
    values = values_of(given)
    wanted = {
        name: Setting(_as_given(name, str(setting.value)), f"remembered from {setting.origin}")
        for name, setting in remembered.items()
        if name not in given.found
        and (name == "pii" or name not in accepted)
        and _differs(name, str(setting.value), values[name])
    }
    if not wanted:
        return given
    if "pii" in wanted and wanted["pii"].value == "hash" and "pii_salt" not in given.found:
        raise SettingsError(
            'The rows were loaded with pii = "hash", and neither pii nor pii_salt is set here. Set pii_salt as '
            "before, in secrets.toml under [sources.telnyx]."
        )
    try:
        return check_settings({**given.found, **wanted})
    except SettingsError as error:
        raise SettingsError(f"{error} The warehouse remembers it, and it is set nowhere here.") from None


def _as_given(name: str, value: str) -> str:
    """Remove what `values_of` adds to a setting."""
    if name in LISTS:
        return value.rpartition(" (sha256 ")[0]
    return value.partition(" ")[0] if name == "pii" else value


def _differs(name: str, one: object, other: object) -> bool:
    """Return whether two values differ; two files are compared by content only."""
    if name in LISTS:
        return str(one).rpartition(" (sha256 ")[2] != str(other).rpartition(" (sha256 ")[2]
    return one != other


def _origin(settings: Settings, name: str) -> str:
    return settings.found[name].origin if name in settings.found else DEFAULT


def _change(name: str, old: Setting, new: Setting) -> str:
    is_same_word = _shown(name, old.value) == _shown(name, new.value)
    other = " with another pii_salt" if name == "pii" and is_same_word else ""
    return f"{name} from {_shown(name, old.value)} ({old.origin}) to {_shown(name, new.value)}{other} ({new.origin})"


def _shown(name: str, value: object) -> str:
    text = str(value).partition(" ")[0] if name == "pii" else str(value)
    return text or "not set"


def _notes_of(taken: list[str], remembered: Mapping[str, Setting]) -> Iterator[str]:
    if taken:
        shown = [f"{name} = {_shown(name, remembered[name].value)} ({remembered[name].origin})" for name in taken]
        yield f"Not set here, so taken from this warehouse: {', '.join(shown)}."
