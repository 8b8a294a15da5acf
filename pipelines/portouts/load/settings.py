"""All settings of a command, checked once: those of the source, and those of the models.

`settings_files.py` defines where settings are found. A script that uses the source alone finds them where dlt does, in
the same section only. A name under `[sources.telnyx]` that is no setting is refused: a typing error in `pii` would
publish personal data.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from msgspec.inspect import BoolType, FloatType, IntType, LiteralType, type_info

from portouts.errors import SettingsError
from portouts.load.settings_files import KEY_ADVICE, Found, Setting, found_in_environment, parse_instant
from portouts.records.privacy import Pii, Privacy
from portouts.records.time_zones import time_zone as find_time_zone
from portouts.telnyx.defaults import BASE_URL, CONCURRENCY, REQUEST_SECONDS
from portouts.transform.lists.holidays import HEADER as HOLIDAYS_HEADER
from portouts.transform.lists.holidays import Holiday, read_holidays
from portouts.transform.lists.operators import HEADER as OPERATORS_HEADER
from portouts.transform.lists.operators import Operator, read_operators

if TYPE_CHECKING:
    from portouts.transform.inputs import ModelInputs

ARGUMENT = "argument"
MINUTES_PER_YEAR = 60 * 24 * 366
_SECRETS = frozenset({"api_key", "pii_salt"})
# Setting → the header of the file of which it is the path, and what reads that file.
_FILES: Mapping[str, tuple[list[str], Callable[[Path], object]]] = {
    "holidays": (HOLIDAYS_HEADER, read_holidays),
    "operators": (OPERATORS_HEADER, read_operators),
}
S = TypeVar("S", bound=msgspec.Struct)


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the API, what to read, and how to mask it; never printed, because it contains the key."""

    api_key: str = ""
    base_url: str = BASE_URL
    start_date: str | None = None
    page_size: Annotated[int, Meta(ge=1, le=250)] = 250
    max_concurrency: Annotated[int, Meta(ge=1, le=64)] = CONCURRENCY
    overlap_minutes: Annotated[int, Meta(ge=0, le=MINUTES_PER_YEAR)] = 60
    request_deadline_seconds: Annotated[int, Meta(ge=10, le=24 * 60 * 60)] = REQUEST_SECONDS
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


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the models; a list of holidays or operators is already read from its file."""

    response_window_hours: Annotated[float, Meta(gt=0, le=24 * 365)] = 48.0
    time_zone: ZoneInfo = msgspec.field(default_factory=lambda: find_time_zone("UTC"))
    business_time_zone: ZoneInfo = msgspec.field(default_factory=lambda: find_time_zone("America/New_York"))
    holidays: tuple[Holiday, ...] | None = None
    """None: the list that is shipped."""
    operators: tuple[Operator, ...] = ()
    check_all_hours: Annotated[int, Meta(ge=0, le=24 * 366)] = 0
    """0: only full builds check all rows."""

    def inputs(self, as_of: datetime) -> ModelInputs:
        """Return what the models need to describe this instant."""
        from portouts.transform.inputs import ModelInputs, shipped_holidays

        return ModelInputs(
            as_of=as_of.astimezone(UTC),
            response_window_hours=self.response_window_hours,
            time_zone=self.time_zone.key,
            business_time_zone=self.business_time_zone.key,
            days_off=shipped_holidays() if self.holidays is None else self.holidays,
            operators=self.operators,
            check_all_hours=self.check_all_hours,
        )


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
    if settings.pii == "hash" and not settings.pii_salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    usable = msgspec.structs.replace(settings, api_key=_usable_key(settings.api_key))
    if usable.base_url != BASE_URL:  # last, since this imports httpx
        _require_base_url(usable.base_url)
    return usable


def found_by_dlt() -> dict[str, Setting]:
    """Find settings where dlt looks for them: environment, files and vaults; under `sources.telnyx` only."""
    from portouts.load.dlt_config import found_by_providers

    return {**found_by_providers(NAMES, _SECRETS), **found_in_environment(os.environ)}


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
    from portouts.telnyx.network import require_certificates, require_proxies

    try:
        require_certificates(os.environ)
        require_proxies(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _require_base_url(url: str) -> None:
    from portouts.telnyx.network import require_base_url

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
    given = {name: one for name, one in found.items() if name in types and not _is_no_path(name, one)}
    return settings(**{name: _value(name, one, types[name]) for name, one in given.items()})


def _is_no_path(name: str, setting: Setting) -> bool:
    """Return whether an empty text stands for no file."""
    return name in _FILES and setting.value == ""


def _value(name: str, setting: Setting, expected: Any) -> object:
    """Convert one value: texts of the environment and of files are converted, an argument must have its type."""
    if name in _FILES:
        return _content(name, setting)
    value = setting.value.isoformat() if isinstance(setting.value, date) else setting.value
    try:
        return msgspec.convert(value, expected, strict=setting.origin == ARGUMENT, dec_hook=_time_zone)
    except msgspec.ValidationError:
        shown = "what it is" if name in _SECRETS else repr(value)
        raise SettingsError(f"{name} must be {_described(expected)}, not {shown} ({setting.origin}).") from None


def _content(name: str, setting: Setting) -> object:
    """Read the file of which a setting is the path."""
    header, read = _FILES[name]
    try:
        return read(Path(cast("str", setting.value)))
    except (TypeError, ValueError) as error:
        problem = f": {error}" if isinstance(setting.value, str) else f", not {setting.value!r}"
        raise SettingsError(
            f"{name} must be the path of a CSV file with the header {','.join(header)}{problem} ({setting.origin})."
        ) from None


def _time_zone(_expected: type, name: Any) -> object:
    """Make a time zone of its name; raises `ValueError` or `TypeError`."""
    return find_time_zone(name)


def _described(expected: Any) -> str:
    """Describe the values that a setting may have."""
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
