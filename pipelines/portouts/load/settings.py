"""All settings of a command, checked once: those of the source, and those of the models.

`settings_files.py` defines where settings are found. A script that uses the source alone finds them where dlt does, in
the same section only. A name under `[sources.telnyx]` that is no setting is refused: a typing error in `pii` would
publish personal data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args
from zoneinfo import ZoneInfo

import dlt
import msgspec
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.typing import AnyType, TSecretStrValue
from msgspec import Meta
from msgspec.inspect import BoolType, FloatType, IntType, LiteralType, type_info

from portouts.errors import SettingsError
from portouts.load.settings_files import KEY_ADVICE, Found, Setting, found_in_environment, parse_instant
from portouts.records.privacy import Pii, Privacy
from portouts.records.time_zones import time_zone as find_time_zone
from portouts.telnyx.client import DEFAULT_CONCURRENCY
from portouts.telnyx.deadlines import DEFAULT_REQUEST_SECONDS
from portouts.telnyx.network import DEFAULT_BASE_URL, require_base_url, require_certificates, require_proxies
from portouts.transform.holidays import HEADER as HOLIDAYS_HEADER
from portouts.transform.holidays import read_holidays
from portouts.transform.inputs import HolidayList, ModelSettings, OperatorList
from portouts.transform.operators import HEADER as OPERATORS_HEADER
from portouts.transform.operators import read_operators

ARGUMENT = "argument"
MINUTES_PER_YEAR = 60 * 24 * 366
_SECRETS = frozenset({"api_key", "pii_salt"})
_FILES: dict[object, tuple[list[str], Any]] = {
    HolidayList: (HOLIDAYS_HEADER, read_holidays),
    OperatorList: (OPERATORS_HEADER, read_operators),
}
S = TypeVar("S", bound=msgspec.Struct)


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the API, what to read, and how to mask it; never printed, because it contains the key."""

    api_key: str = ""
    base_url: str = DEFAULT_BASE_URL
    start_date: str | None = None
    page_size: Annotated[int, Meta(ge=1, le=250)] = 250
    max_concurrency: Annotated[int, Meta(ge=1, le=64)] = DEFAULT_CONCURRENCY
    overlap_minutes: Annotated[int, Meta(ge=0, le=MINUTES_PER_YEAR)] = 60
    request_deadline_seconds: Annotated[int, Meta(ge=10, le=24 * 60 * 60)] = DEFAULT_REQUEST_SECONDS
    sync_deadline_minutes: Annotated[int, Meta(ge=0, le=MINUTES_PER_YEAR)] = 0
    """0: a sync has no deadline."""
    events: bool = True
    pii: Pii = "keep"
    pii_salt: str | None = None
    time_zone: ZoneInfo = msgspec.field(default_factory=lambda: find_time_zone("UTC"))

    def __repr__(self) -> str:
        return f"SourceSettings({self.base_url!r})"

    @property
    def start(self) -> datetime | None:
        return parse_instant("start_date", self.start_date)

    @property
    def overlap(self) -> timedelta:
        return timedelta(minutes=self.overlap_minutes)

    @property
    def privacy(self) -> Privacy:
        return Privacy(self.pii, self.pii_salt or "")


@dataclass(frozen=True)
class Settings:
    """All settings of one command, and where those were found that are no defaults."""

    source: SourceSettings
    models: ModelSettings
    found: Found = field(default_factory=dict, compare=False, repr=False)


NAMES = tuple(dict.fromkeys((*SourceSettings.__struct_fields__, *ModelSettings.__struct_fields__)))


def read_settings(
    api_key: str | None = None,
    base_url: str | None = None,
    *,
    found: Found | None = None,
    needs_key: bool = True,
    **settings: Any,
) -> Settings:
    """Read all settings: arguments come first, then what was `found`, by default by dlt's providers.

    Raises `SettingsError`, which names the setting that is missing or cannot be used.
    """
    read = check_settings(_with_arguments(found, api_key, base_url, settings))
    if needs_key:
        _require_access(read.source)
    return read


def read_source_settings(
    api_key: str | None = None, base_url: str | None = None, *, found: Found | None = None, **settings: Any
) -> SourceSettings:
    """Read the settings of the source as `read_settings` does; those of the models may be given, and are not read."""
    read = check_source_settings(_with_arguments(found, api_key, base_url, settings))
    _require_access(read)
    return read


def check_settings(found: Found) -> Settings:
    """Check the settings that were found; all others have their default."""
    return Settings(check_source_settings(found), _converted(ModelSettings, found), found)


def check_source_settings(found: Found) -> SourceSettings:
    """Check the settings of the source, and the names of all settings that were found."""
    _require_known(found)
    settings = _converted(SourceSettings, found)
    parse_instant("start_date", settings.start_date)
    _require_base_url(settings.base_url)
    if settings.pii == "hash" and not settings.pii_salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    return msgspec.structs.replace(settings, api_key=_usable_key(settings.api_key))


def found_by_dlt() -> dict[str, Setting]:
    """Find settings where dlt looks for them: environment, files and vaults; under `sources.telnyx` only."""
    found = found_in_environment(os.environ)
    for provider in dlt.config.config_providers:
        for name, value in _section(provider).items():
            found.setdefault(name, Setting(value, provider.name))
    return found


def _section(provider: ConfigProvider) -> dict[str, Any]:
    """Read the section of one provider: a file returns it whole, a vault returns one value by its name."""
    whole, _ = provider.get_value("telnyx", AnyType, "", "sources")
    values = dict(whole) if isinstance(whole, dict) else {}
    for name in NAMES:
        hint = TSecretStrValue if name in _SECRETS else AnyType
        values[name], _ = provider.get_value(name, hint, "", "sources", "telnyx")
    return {name: value for name, value in values.items() if value is not None and not isinstance(value, dict)}


def _with_arguments(found: Found | None, api_key: str | None, base_url: str | None, settings: dict[str, Any]) -> Found:
    given = {"api_key": (api_key or "").strip() or None, "base_url": base_url, **settings}
    arguments = {name: Setting(value, ARGUMENT) for name, value in given.items() if value is not None}
    return {**(found_by_dlt() if found is None else found), **arguments}


def _require_known(found: Found) -> None:
    if unknown := [f"{name} ({setting.origin})" for name, setting in found.items() if name not in NAMES]:
        raise SettingsError(
            f"[sources.telnyx] has no setting {', '.join(unknown)}. There are {', '.join(NAMES)}: correct the name, or "
            "remove it."
        )


def _require_access(settings: SourceSettings) -> None:
    """Raise `SettingsError` if there is no key, or if certificates or a proxy of the environment cannot be used."""
    if not settings.api_key:
        raise SettingsError(KEY_ADVICE)
    try:
        require_certificates(os.environ)
        require_proxies(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _require_base_url(url: str) -> None:
    try:
        require_base_url(url)
    except ValueError as error:
        raise SettingsError(f"TELNYX_BASE_URL (or base_url under [sources.telnyx]) {error}.") from None


def _usable_key(api_key: str) -> str:
    """Remove blanks around the key, which files and shells add; the message never shows a key that cannot be sent."""
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            "The Telnyx API key contains a character that no key has, such as a line break, a space or an accent. Copy "
            "it again into TELNYX_API_KEY, or into api_key under [sources.telnyx] in .dlt/secrets.toml."
        )
    return key


# Values


def _converted(settings: type[S], found: Found) -> S:
    """Convert the settings of one kind; all others that were found do not matter here."""
    types = {one.name: one.type for one in msgspec.structs.fields(settings)}
    given = {name: one for name, one in found.items() if name in types and not _is_no_path(types[name], one)}
    return settings(**{name: _value(name, one, types[name]) for name, one in given.items()})


def _is_no_path(expected: Any, setting: Setting) -> bool:
    """Return whether an empty text stands for no file."""
    return expected in _FILES and setting.value == ""


def _value(name: str, setting: Setting, expected: Any) -> Any:
    """Convert one value: texts of the environment and of files are converted, an argument must have its type."""
    value = setting.value.isoformat() if isinstance(setting.value, date) else setting.value
    try:
        return msgspec.convert(value, expected, strict=setting.origin == ARGUMENT, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        shown = "what it is" if name in _SECRETS else repr(value)
        problem = f": {error.__cause__}" if expected in _FILES and isinstance(value, str) else f", not {shown}"
        raise SettingsError(f"{name} must be {_described(expected)}{problem} ({setting.origin}).") from None


def _from_text(expected: Any, value: Any) -> object:
    """Make a time zone of its name, or the content of a file of its path; raises `ValueError` or `TypeError`."""
    if expected is ZoneInfo:
        return find_time_zone(value)
    _, read = _FILES[expected]
    return expected(read(Path(value)))


def _described(expected: Any) -> str:
    """Describe the values that a setting may have."""
    if expected in _FILES:
        return f"the path of a CSV file with the header {','.join(_FILES[expected][0])}"
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
