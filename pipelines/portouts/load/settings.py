"""Every setting of a source and of the models, checked before its use.

A key under `[sources.telnyx]` that is no setting is refused: a slip of the pen in `pii` would publish personal data.
`settings.py` says where settings are found. A script that uses the source alone finds them where dlt does, in the same
section only.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_type_hints
from zoneinfo import ZoneInfo

import dlt
import msgspec
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.typing import AnyType, TSecretStrValue

from portouts.errors import SettingsError
from portouts.load.settings_files import KEY_ADVICE, Found, Setting, found_in_environment, parse_instant
from portouts.records.privacy import Pii, Privacy
from portouts.records.time_zones import time_zone as find_time_zone
from portouts.telnyx.client import DEFAULT_CONCURRENCY
from portouts.telnyx.deadlines import DEFAULT_REQUEST_SECONDS
from portouts.telnyx.network import DEFAULT_BASE_URL, require_base_url, require_certificates, require_proxies
from portouts.transform.holidays import HEADER, Holiday, read_holidays
from portouts.transform.inputs import ModelInputs, shipped_holidays
from portouts.transform.operators import HEADER as OPERATORS_HEADER
from portouts.transform.operators import Operator, read_operators

ARGUMENT = "argument"
_SECRETS = frozenset({"api_key", "pii_salt"})
_KINDS: dict[object, str] = {int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class SourceSettings:
    """How to reach the API, what to make of its rows, and how to count them; never printed, since it holds the key."""

    api_key: str
    base_url: str
    start: datetime | None
    page_size: int
    max_concurrency: int
    overlap: timedelta
    request_deadline_seconds: int
    sync_deadline_minutes: int
    """0: a sync may take as long as it takes."""
    events: bool
    time_zone: ZoneInfo
    privacy: Privacy
    response_window_hours: float
    business_time_zone: ZoneInfo
    days_off: tuple[Holiday, ...]
    operators: tuple[Operator, ...]
    found: Found = field(default_factory=dict, compare=False)
    """The settings that were given, and where; all others are defaults."""

    def __repr__(self) -> str:
        return f"SourceSettings({self.base_url!r})"

    def model_inputs(self, as_of: datetime) -> ModelInputs:
        """Take what the models need, to describe this instant."""
        return ModelInputs(
            as_of=as_of.astimezone(UTC),
            response_window_hours=self.response_window_hours,
            time_zone=self.time_zone.key,
            business_time_zone=self.business_time_zone.key,
            days_off=self.days_off,
            operators=self.operators,
        )


def read_settings(
    api_key: str | None = None,
    base_url: str | None = None,
    *,
    found: Found | None = None,
    needs_key: bool = True,
    **settings: Any,
) -> SourceSettings:
    """Read all settings: arguments come first, then what was `found`, by default by dlt's providers.

    Raises `SettingsError` naming the setting that is missing or cannot be used.
    """
    given = {"api_key": (api_key or "").strip() or None, "base_url": base_url, **settings}
    arguments = {name: Setting(value, ARGUMENT) for name, value in given.items() if value is not None}
    read = check_settings({**(found_by_dlt() if found is None else found), **arguments})
    if needs_key:
        _require_access(read)
    return read


def check_settings(found: Found) -> SourceSettings:
    """Check the settings that were found, and take the defaults of all others."""
    _require_known(found)
    hints = get_type_hints(_resolve)
    values = {name: _converted(name, setting, hints[name]) for name, setting in found.items()}
    return replace(_resolve(**values), found=found)


def found_by_dlt() -> dict[str, Setting]:
    """Find the settings where dlt looks: environment, files and vaults; under `sources.telnyx` only."""
    found = found_in_environment(os.environ)
    for provider in dlt.config.config_providers:
        for name, value in _section(provider).items():
            found.setdefault(name, Setting(value, provider.name))
    return found


def _section(provider: ConfigProvider) -> dict[str, Any]:
    """Read the section of one provider: files show it whole, vaults answer by name."""
    whole, _ = provider.get_value("telnyx", AnyType, "", "sources")
    values = dict(whole) if isinstance(whole, dict) else {}
    for name in _names():
        hint = TSecretStrValue if name in _SECRETS else AnyType
        values[name], _ = provider.get_value(name, hint, "", "sources", "telnyx")
    return {name: value for name, value in values.items() if value is not None and not isinstance(value, dict)}


def _names() -> list[str]:
    return [*inspect.signature(_resolve).parameters]


def _require_known(found: Found) -> None:
    """Refuse a key that is no setting."""
    if unknown := [f"{name} ({setting.origin})" for name, setting in found.items() if name not in _names()]:
        raise SettingsError(
            f"[sources.telnyx] has no setting {', '.join(unknown)}. There are {', '.join(_names())}: correct the name, "
            "or remove it."
        )


def _require_access(settings: SourceSettings) -> None:
    """Refuse to ask without a key, or with certificates or by way of a proxy that cannot be used."""
    if not settings.api_key:
        raise SettingsError(KEY_ADVICE)
    try:
        require_certificates(os.environ)
        require_proxies(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _converted(name: str, setting: Setting, hint: object) -> Any:
    """Convert a text of the environment or a file; an argument must have its type."""
    value = setting.value.isoformat() if isinstance(setting.value, date) else setting.value
    try:
        return msgspec.convert(value, hint, strict=setting.origin == ARGUMENT)
    except msgspec.ValidationError:
        shown = "what it is" if name in _SECRETS else repr(value)
        raise SettingsError(f"{name} must be {_KINDS.get(hint, 'a text')}, not {shown}.") from None


def _resolve(
    api_key: str | None = None,
    base_url: str = DEFAULT_BASE_URL,
    start_date: str | None = None,
    page_size: int = 250,
    max_concurrency: int = DEFAULT_CONCURRENCY,
    overlap_minutes: int = 60,
    request_deadline_seconds: int = DEFAULT_REQUEST_SECONDS,
    sync_deadline_minutes: int = 0,
    events: bool = True,
    pii: str = "keep",
    pii_salt: str | None = None,
    response_window_hours: float = 48,
    time_zone: str = "UTC",
    business_time_zone: str = "America/New_York",
    holidays: str | None = None,
    operators: str | None = None,
) -> SourceSettings:
    return SourceSettings(
        api_key=_key(api_key),
        base_url=_base_url(base_url),
        start=parse_instant("start_date", start_date),
        page_size=_in_range("page_size", page_size, 1, 250),
        max_concurrency=_in_range("max_concurrency", max_concurrency, 1, 64),
        overlap=timedelta(minutes=_in_range("overlap_minutes", overlap_minutes, 0, 60 * 24 * 366)),
        request_deadline_seconds=_in_range("request_deadline_seconds", request_deadline_seconds, 10, 60 * 60 * 24),
        sync_deadline_minutes=_in_range("sync_deadline_minutes", sync_deadline_minutes, 0, 60 * 24 * 366),
        events=events,
        privacy=_privacy(pii, pii_salt),
        response_window_hours=_hours("response_window_hours", response_window_hours, 24 * 365),
        time_zone=_zone("time_zone", time_zone),
        business_time_zone=_zone("business_time_zone", business_time_zone),
        days_off=_days_off(holidays),
        operators=_operators(operators),
    )


def _key(api_key: str | None) -> str:
    """Take the blanks off that files and shells like to append; a key that cannot be sent is never shown."""
    key = (api_key or "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            "The Telnyx API key holds a character that no key has, such as a line break, a space or an accent. Copy it "
            "anew into TELNYX_API_KEY, or into api_key under [sources.telnyx] in .dlt/secrets.toml."
        )
    return key


def _base_url(url: str) -> str:
    try:
        require_base_url(url)
    except ValueError as error:
        raise SettingsError(f"TELNYX_BASE_URL (or base_url under [sources.telnyx]) {error}.") from None
    return url


def _in_range(name: str, value: Any, low: int, high: int) -> int:
    if not isinstance(value, int):  # arguments come as they were given
        raise SettingsError(f"{name} must be {_KINDS[int]}, not {value!r}.")
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _hours(name: str, value: Any, most: int) -> float:
    if not isinstance(value, int | float) or not 0 < value <= most:
        raise SettingsError(f"{name} must be a number above 0 and up to {most}, not {value!r}.")
    return float(value)


def _zone(setting: str, name: str) -> ZoneInfo:
    try:
        return find_time_zone(name)
    except (ValueError, TypeError):
        raise SettingsError(f"{setting} must be an IANA name such as America/New_York, not {name!r}.") from None


def _days_off(holidays: str | None) -> tuple[Holiday, ...]:
    try:
        return read_holidays(Path(holidays)) if holidays else shipped_holidays()
    except (ValueError, TypeError) as error:
        columns = ",".join(HEADER)
        raise SettingsError(f"holidays must name a CSV file of days off with the header {columns}: {error}.") from None


def _operators(operators: str | None) -> tuple[Operator, ...]:
    try:
        return read_operators(Path(operators)) if operators else ()
    except (ValueError, TypeError) as error:
        columns = ",".join(OPERATORS_HEADER)
        raise SettingsError(f"operators must name a CSV file of carriers with the header {columns}: {error}.") from None


def _privacy(pii: str, salt: str | None) -> Privacy:
    if pii not in ("keep", "hash", "drop"):
        raise SettingsError(f"pii must be keep, hash or drop, not {pii!r}.")
    if pii == "hash" and not salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    return Privacy(cast(Pii, pii), salt or "")
