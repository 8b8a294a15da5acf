"""Converts and checks the value of one setting, from a text or from TOML. Errors name setting and origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec.inspect import BoolType, FloatType, IntType, LiteralType, type_info

from portouts.errors import SettingsError
from portouts.load.settings.files import Found, Setting
from portouts.load.settings.tables import SECRETS, TABLES, full_name
from portouts.records.time_zones import time_zone as find_time_zone
from portouts.transform.lists.carriers import HEADER as CARRIERS_HEADER
from portouts.transform.lists.carriers import read_carriers
from portouts.transform.lists.customer_values import HEADER as VALUES_HEADER
from portouts.transform.lists.customer_values import read_customer_values
from portouts.transform.lists.holidays import HEADER as HOLIDAYS_HEADER
from portouts.transform.lists.holidays import read_holidays
from portouts.transform.lists.labels import HEADER as LABELS_HEADER
from portouts.transform.lists.labels import read_labels

ARGUMENT = "argument"
MODES = {"0600": 0o600, "0640": 0o640, "0644": 0o644}
MOST_HOURS = 24 * 365
PUBLISHED_SCHEMAS = ("raw", "marts")
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
# An address may contain a comma, so only a comma before the next address separates two.
_BETWEEN_URLS = re.compile(rf"[\s,]+(?={_SCHEME})")
_URL = re.compile(rf"{_SCHEME}\S+")
_WEB_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
S = TypeVar("S", bound=msgspec.Struct)


class Form(NamedTuple):
    """The allowed values of a setting, and the function that reads one; it raises `ValueError` or `TypeError`."""

    allowed: str
    read: Callable[[Any], object]


def settings_of(kind: type[S], table: str, found: Found) -> S:
    """Make the settings of one kind from those that were found; settings of other kinds are ignored."""
    types = {one.name: one.type for one in msgspec.structs.fields(kind)}
    given = {name: found[full_name(table, name)] for name in types if full_name(table, name) in found}
    return kind(**{name: _value(full_name(table, name), one, types[name]) for name, one in given.items()})


def allowed_values(name: str) -> str:
    """Describe the values that a setting may have."""
    if name in FORMS:
        return FORMS[name].allowed
    if name in _TEXTS:
        return _TEXTS[name]
    table, _, own = name.rpartition(".")
    kinds = TABLES[table or "sources.telnyx"]
    types = {one.name: one.type for kind in kinds for one in msgspec.structs.fields(kind)}
    return _described(types[own])


def _value(name: str, setting: Setting, expected: Any) -> object:
    """Convert one value. Texts of the environment and of files are converted; an argument must have the right type."""
    value = setting.value.isoformat() if isinstance(setting.value, date) else setting.value
    try:
        if name in FORMS:
            return FORMS[name].read(value)
        return msgspec.convert(value, expected, strict=setting.origin == ARGUMENT, dec_hook=_time_zone)
    except (msgspec.DecodeError, TypeError, ValueError, OverflowError) as error:
        problem = _problem(name, value, error)
        raise SettingsError(f"{name} must be {allowed_values(name)}{problem} ({setting.origin}).") from None


def _problem(name: str, value: object, error: Exception) -> str:
    """Describe what is wrong; the value of a secret is never shown."""
    if isinstance(error, _Unreadable):
        return f": {error}"
    return f", not {'what it is' if name in SECRETS else repr(value)}"


class _Unreadable(ValueError):
    """The file or folder of a setting cannot be used; the message says why."""


def _time_zone(_expected: type, name: Any) -> object:
    """Return the time zone of a name; raises `ValueError` or `TypeError`."""
    return find_time_zone(name)


def _described(expected: Any) -> str:
    match type_info(expected):
        case IntType(ge=least, le=most):
            return f"a whole number between {least} and {most}"
        case FloatType(gt=least, le=most):
            return f"a number above {least:g} and up to {most:g}"
        case BoolType():
            return "true or false"
        case LiteralType():
            *others, last = get_args(expected)
            return f"{', '.join(others)} or {last}"
    return "an IANA name such as America/New_York" if expected is ZoneInfo else "a text"


def _list_from(read: Callable[[Path], object], without: object) -> Callable[[Any], object]:
    """Return a function that reads a list from the file that a setting names; an empty text names no file."""

    def read_list(path: Any) -> object:
        if not isinstance(path, str):
            raise TypeError
        try:
            return read(Path(path)) if path else without
        except ValueError as error:
            raise _Unreadable(error) from None

    return read_list


def _read_mode(value: Any) -> int:
    mode = MODES.get(value.strip().zfill(4)) if isinstance(value, str) else None
    if mode is None:
        raise ValueError
    return mode


def _read_path(value: Any) -> Path | None:
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise TypeError
    return Path(value) if str(value).strip() else None


def _read_folder(value: Any) -> Path | None:
    folder = _read_path(value)
    with suppress(OSError):
        if folder is None or folder.is_dir():
            return folder
    raise _Unreadable(f"there is no folder {folder}")


def _read_web_url(value: Any) -> str | None:
    if not isinstance(value, str) or (value.strip() and not _WEB_URL.fullmatch(value.strip())):
        raise ValueError
    return value.strip() or None


def _read_urls(value: Any) -> tuple[str, ...]:
    urls = _items(value, _BETWEEN_URLS)
    if not all(isinstance(url, str) and _URL.fullmatch(url) for url in urls):
        raise ValueError
    return tuple(dict.fromkeys(urls))


def _read_schemas(value: Any) -> tuple[str, ...]:
    schemas = _items(value, re.compile(r"[\s,]+"))
    if not schemas or not all(schema in PUBLISHED_SCHEMAS for schema in schemas):
        raise ValueError
    return tuple(dict.fromkeys(schemas))


def _read_hours(value: Any) -> tuple[float, ...]:
    items = _items(value, re.compile(r"[\s,]+"))
    hours = tuple(float(item) for item in items if not isinstance(item, bool))
    if len(hours) != len(items) or not all(0 < hour <= MOST_HOURS for hour in hours):
        raise ValueError
    return tuple(sorted({*hours}, reverse=True))


def _items(value: Any, between: re.Pattern[str]) -> list[Any]:
    """Return the items of a list, or of a text: JSON, or items with commas or new lines between them."""
    if isinstance(value, str):
        text = value.strip(" \t\r\n,")
        value = msgspec.json.decode(text) if text.startswith("[") else between.split(text) if text else []
    if isinstance(value, int | float):
        value = [value]
    if not isinstance(value, list | tuple):
        raise TypeError
    return [item.strip() if isinstance(item, str) else item for item in value]


# Texts that are checked elsewhere.
_TEXTS = {
    "base_url": "an address that begins with https://",
    "start_date": "a date or an instant such as 2024-01-01",
}
# Settings that a type with bounds does not describe.
FORMS: Mapping[str, Form] = {
    "holidays": Form(
        f"the path of a CSV file with the header {','.join(HOLIDAYS_HEADER)}", _list_from(read_holidays, None)
    ),
    "carriers": Form(
        f"the path of a CSV file with the header {','.join(CARRIERS_HEADER)}", _list_from(read_carriers, ())
    ),
    "customer_values": Form(
        f"the path of a CSV file with the header {','.join(VALUES_HEADER)}", _list_from(read_customer_values, ())
    ),
    "labels": Form(f"the path of a CSV file with the header {','.join(LABELS_HEADER)}", _list_from(read_labels, ())),
    "publish.mode": Form("the text 0600, 0640 or 0644", _read_mode),
    "publish.targets": Form("a list of addresses, such as postgresql://… or s3://…", _read_urls),
    "publish.schemas": Form("a list of raw and marts, or one of them", _read_schemas),
    "metrics.file": Form("the path of a file", _read_path),
    "metrics.ping_url": Form("an address that begins with https:// or http://", _read_web_url),
    "alerts.urls": Form("a list of Apprise's addresses, such as mailto://… or json://…", _read_urls),
    "alerts.hours_before": Form(f"a list of numbers above 0 and up to {MOST_HOURS}", _read_hours),
    "alerts.alerts_folder": Form("the path of a folder with SQL files", _read_folder),
}
