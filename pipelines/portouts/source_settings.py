"""The settings of the source, brought together from arguments, the environment and dlt's configuration.

The key comes from the argument, else TELNYX_API_KEY, else dlt's `sources.telnyx.api_key`; the base URL likewise. All
others are arguments or stand under `[sources.telnyx]`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import dlt
from dlt.common.configuration import with_config
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.typing import TSecretStrValue

from portouts.privacy import Pii, Privacy
from portouts.settings import KEY_ADVICE, SettingsError, parse_instant
from portouts.telnyx_api import DEFAULT_BASE_URL


@dataclass(frozen=True)
class SourceSettings:
    """How to reach the API and what to make of its rows; never printed, since it holds the key."""

    api_key: str
    base_url: str
    start: datetime | None
    page_size: int
    max_concurrency: int
    overlap: timedelta
    events: bool
    time_zone: ZoneInfo
    privacy: Privacy

    def __repr__(self) -> str:
        return f"SourceSettings({self.base_url!r})"


def read_settings(api_key: str | None = None, base_url: str | None = None, **settings: Any) -> SourceSettings:
    """Resolve every setting; raises `SettingsError` naming the one that is missing or cannot be used."""
    given = {
        "api_key": api_key or os.environ.get("TELNYX_API_KEY"),
        "base_url": base_url or os.environ.get("TELNYX_BASE_URL"),
        **settings,
    }
    try:
        return _resolve(**{name: value for name, value in given.items() if value is not None})
    except ConfigurationException as error:
        if "api_key" in str(error):
            raise SettingsError(KEY_ADVICE) from None
        raise SettingsError(f"[sources.telnyx]: {str(error).splitlines()[0]}") from None


@with_config(sections=("sources", "telnyx"))
def _resolve(
    api_key: TSecretStrValue = dlt.secrets.value,
    base_url: str = DEFAULT_BASE_URL,
    start_date: str | None = None,
    page_size: int = 250,
    max_concurrency: int = 8,
    overlap_minutes: int = 60,
    events: bool = True,
    time_zone: str = "UTC",
    pii: str = "keep",
    pii_salt: TSecretStrValue | None = None,
) -> SourceSettings:
    return SourceSettings(
        api_key=api_key,
        base_url=_base_url(base_url),
        start=parse_instant("start_date", start_date),
        page_size=_in_range("page_size", page_size, 1, 250),
        max_concurrency=_in_range("max_concurrency", max_concurrency, 1, 64),
        overlap=timedelta(minutes=_in_range("overlap_minutes", overlap_minutes, 0, 60 * 24 * 366)),
        events=events,
        time_zone=_zone(time_zone),
        privacy=_privacy(pii, pii_salt),
    )


def _base_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"TELNYX_BASE_URL must begin with https:// (or http://), not {url!r}.")
    return url


def _in_range(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError):
        raise SettingsError(f"time_zone must be an IANA name such as America/New_York, not {name!r}.") from None


def _privacy(pii: str, salt: str | None) -> Privacy:
    if pii not in ("keep", "hash", "drop"):
        raise SettingsError(f"pii must be keep, hash or drop, not {pii!r}.")
    if pii == "hash" and not salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    return Privacy(cast(Pii, pii), salt or "")
