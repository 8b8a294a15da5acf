"""Describes every setting for `portouts settings`: value, origin and allowed values. Secrets have no value.

Settings that the warehouse remembers count as in a sync, so DuckDB is imported if a published file exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from portouts.errors import SettingsError
from portouts.load.settings.accounts import KEY_FILE, is_key_of_account, is_of_account
from portouts.load.settings.files import ACCOUNTS, LISTS, Setting
from portouts.load.settings.key import KEY_ADVICE
from portouts.load.settings.settings import Settings
from portouts.load.settings.tables import SECRETS, SOURCE_TABLE, TABLES, full_name, names_of
from portouts.load.settings.values import allowed_values

DEFAULT = "default"


class SettingShown(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; the value of a secret, and of a setting that is not set, is None."""

    table: str
    name: str
    value: object
    is_set: bool
    is_secret: bool
    origin: str
    allowed: str


class FileShown(msgspec.Struct, frozen=True):
    """A file where settings are looked for, and whether it exists."""

    path: str
    exists: bool


class Overview(msgspec.Struct, frozen=True):
    """The result of `portouts settings`."""

    settings: list[SettingShown]
    files: list[FileShown]
    notes: list[str]


def overview_of(given: Settings, database: Path, files: Sequence[Path]) -> Overview:
    """Describe the given settings and those that the published file remembers."""
    settings, notes = _with_remembered(given, database)
    if not settings.source.api_key and not settings.accounts:
        notes.append(KEY_ADVICE)
    shown = [_shown(settings, table, name) for table in TABLES for name in names_of(table)]
    shown += [_of_account(name, setting) for name, setting in sorted(settings.found.items()) if is_of_account(name)]
    return Overview(shown, [FileShown(str(file), _exists(file)) for file in files], notes)


def _of_account(name: str, setting: Setting) -> SettingShown:
    """Describe a setting of one account."""
    account, _, own = name.removeprefix(ACCOUNTS).partition(".")
    is_secret = is_key_of_account(name)
    return SettingShown(
        table=f"{SOURCE_TABLE}.{ACCOUNTS}{account}",
        name=own,
        value=None if is_secret else setting.value,
        is_set=True,
        is_secret=is_secret,
        origin=setting.origin,
        allowed="the path of a file" if own == KEY_FILE else allowed_values(own),
    )


def default_of(name: str) -> object:
    """Return the default of a setting as it is shown; None if it has none."""
    return next(one.value for one in _defaults() if full_name(one.table, one.name) == name)


def _defaults() -> Iterator[SettingShown]:
    settings = Settings(*(kind() for kinds in TABLES.values() for kind in kinds))  # type: ignore[arg-type]  # in order
    return (_shown(settings, table, name) for table in TABLES for name in names_of(table))


def _with_remembered(given: Settings, database: Path) -> tuple[Settings, list[str]]:
    """Add the settings that the published file remembers, and notes: what a sync refuses, or why reading failed."""
    if not database.exists():
        return given, []
    import duckdb

    from portouts.load.settings.remembered import settings_as_remembered

    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            return settings_as_remembered(connection, given)
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        return given, [f"{database} cannot be read, so what it remembers is not shown: {reason}"]
    except SettingsError as error:
        return given, [str(error)]


def _shown(settings: Settings, table: str, name: str) -> SettingShown:
    known, value = full_name(table, name), _value(settings, table, name)
    found = settings.found.get(known)
    is_secret = known in SECRETS
    is_set = value not in (None, "") and not (is_secret and value == [])  # an empty list of hours is a setting
    return SettingShown(
        table=table,
        name=name,
        value=value if is_set and not is_secret else None,
        is_set=is_set,
        is_secret=is_secret,
        origin=found.origin if found else DEFAULT,
        allowed=allowed_values(known),
    )


def _value(settings: Settings, table: str, name: str) -> object:
    """Return a value as it would stand in a file of settings."""
    if name in LISTS:
        found = settings.found.get(name)
        return found.value if found else None
    parts: tuple[Any, ...] = (settings.source, settings.models)
    if table != SOURCE_TABLE:
        parts = (getattr(settings, table),)
    value = next(getattr(part, name) for part in parts if name in part.__struct_fields__)
    match value:
        case ZoneInfo():
            return value.key
        case Path():
            return str(value)
        case tuple():
            return list(value)
        case int() if name == "mode":
            return f"{value:04o}"
    return value


def _exists(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return False
