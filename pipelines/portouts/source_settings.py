"""Every setting, brought together from arguments, the environment and dlt's configuration, and checked before its use.

The key comes from the argument, else TELNYX_API_KEY, else dlt's `sources.telnyx.api_key`; the base URL likewise. All
others are arguments or stand under `[sources.telnyx]`, where dlt overlooks what it does not know: a slip of the pen in
`pii` would publish personal data. So there, nothing may stand that is not a setting.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import dlt
from dlt.common.configuration import with_config
from dlt.common.configuration.exceptions import ConfigurationException, ConfigValueCannotBeCoercedException
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.typing import AnyType, TSecretStrValue

from portouts.holidays import HEADER, Holiday, read_holidays
from portouts.models import ModelInputs, shipped_holidays
from portouts.privacy import Pii, Privacy
from portouts.settings import KEY_ADVICE, SettingsError, parse_instant
from portouts.telnyx_api import DEFAULT_BASE_URL, DEFAULT_CONCURRENCY, require_base_url
from portouts.time_zones import time_zone as find_time_zone

_VARIABLES = "SOURCES__TELNYX__"
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
    events: bool
    time_zone: ZoneInfo
    privacy: Privacy
    response_window_hours: float
    business_time_zone: ZoneInfo
    days_off: tuple[Holiday, ...]

    def __repr__(self) -> str:
        return f"SourceSettings({self.base_url!r})"


def read_settings(api_key: str | None = None, base_url: str | None = None, **settings: Any) -> SourceSettings:
    """Read what a source needs; raises `SettingsError` naming the setting that is missing or cannot be used."""
    found = _read(
        api_key=_key(api_key or os.environ.get("TELNYX_API_KEY")) or None,
        base_url=base_url or os.environ.get("TELNYX_BASE_URL"),
        **settings,
    )
    if not found.api_key:
        raise SettingsError(KEY_ADVICE)
    return found


def read_model_inputs(as_of: datetime) -> ModelInputs:
    """Read what the models need, which is no key; raises `SettingsError` as well."""
    found = _read()
    return ModelInputs(
        as_of=as_of.astimezone(UTC),
        response_window_hours=found.response_window_hours,
        time_zone=found.time_zone.key,
        business_time_zone=found.business_time_zone.key,
        days_off=found.days_off,
    )


@contextmanager
def defaults_only(project: Path) -> Iterator[None]:
    """Let dlt find every setting at its default, and no files but those of this folder, whatever stands elsewhere."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_VARIABLES):
            del os.environ[name]
    for name, parameter in inspect.signature(_resolve).parameters.items():
        os.environ[f"{_VARIABLES}{name.upper()}"] = "" if parameter.default is None else str(parameter.default)
    os.environ["DLT_PROJECT_DIR"] = str(project)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _read(**given: Any) -> SourceSettings:
    try:
        _require_known()
        return _resolve(**{name: value for name, value in given.items() if value is not None})
    except ConfigValueCannotBeCoercedException as error:
        kind = _KINDS.get(error.hint, "a text")
        raise SettingsError(f"{error.field_name} must be {kind}, not {error.field_value!r}.") from None
    except ConfigurationException as error:
        raise SettingsError(f"[sources.telnyx]: {' '.join(str(error).splitlines()[:2])}") from None


@with_config(sections=("sources", "telnyx"))
def _resolve(
    api_key: TSecretStrValue | None = None,
    base_url: str = DEFAULT_BASE_URL,
    start_date: str | None = None,
    page_size: int = 250,
    max_concurrency: int = DEFAULT_CONCURRENCY,
    overlap_minutes: int = 60,
    events: bool = True,
    pii: str = "keep",
    pii_salt: TSecretStrValue | None = None,
    response_window_hours: float = 48,
    time_zone: str = "UTC",
    business_time_zone: str = "America/New_York",
    holidays: str | None = None,
) -> SourceSettings:
    return SourceSettings(
        api_key=_key(api_key),
        base_url=_base_url(base_url),
        start=parse_instant("start_date", start_date),
        page_size=_in_range("page_size", page_size, 1, 250),
        max_concurrency=_in_range("max_concurrency", max_concurrency, 1, 64),
        overlap=timedelta(minutes=_in_range("overlap_minutes", overlap_minutes, 0, 60 * 24 * 366)),
        events=events,
        privacy=_privacy(pii, pii_salt),
        response_window_hours=_hours("response_window_hours", response_window_hours, 24 * 365),
        time_zone=_zone("time_zone", time_zone),
        business_time_zone=_zone("business_time_zone", business_time_zone),
        days_off=_days_off(holidays),
    )


def _require_known() -> None:
    """Refuse a key that is no setting. Tables are dlt's own: `[sources.telnyx.data_writer]` and the like."""
    known = inspect.signature(_resolve).parameters
    if unknown := [f"{name} ({place})" for place, name in _keys_given() if name not in known]:
        raise SettingsError(
            f"[sources.telnyx] has no setting {', '.join(unknown)}. There are {', '.join(known)}: correct the name, or "
            "remove it."
        )


def _keys_given() -> Iterator[tuple[str, str]]:
    """List the keys under `[sources.telnyx]` with where each was found."""
    for name in os.environ:
        if name.startswith(_VARIABLES) and "__" not in (key := name.removeprefix(_VARIABLES)):
            yield f"environment variable {name}", key.lower()
    for provider in dlt.config.config_providers:
        if isinstance(provider, SettingsTomlProvider):
            section, _ = provider.get_value("telnyx", AnyType, "", "sources")
            keys = section.items() if isinstance(section, dict) else ()
            yield from ((provider.name, key) for key, value in keys if not isinstance(value, dict))


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


def _privacy(pii: str, salt: str | None) -> Privacy:
    if pii not in ("keep", "hash", "drop"):
        raise SettingsError(f"pii must be keep, hash or drop, not {pii!r}.")
    if pii == "hash" and not salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    return Privacy(cast(Pii, pii), salt or "")
