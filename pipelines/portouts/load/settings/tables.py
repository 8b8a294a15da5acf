"""The tables of settings, with defaults and bounds; `values.py` checks what bounds cannot express.

Messages name a setting of `[sources.telnyx]` without its table, and any other setting with it, such as `publish.mode`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from portouts.load.settings.files import parse_instant
from portouts.records.privacy import KEEP, Pii, Privacy
from portouts.records.time_zones import time_zone as find_time_zone
from portouts.telnyx.defaults import BASE_URL, CONCURRENCY, REQUEST_SECONDS
from portouts.transform.lists.carriers import CarrierParent
from portouts.transform.lists.customer_values import CustomerValue, masked
from portouts.transform.lists.holidays import Holiday
from portouts.transform.lists.labels import Label

if TYPE_CHECKING:
    from portouts.transform.inputs import ModelInputs

MINUTES_PER_YEAR = 60 * 24 * 366
SECRETS = frozenset({"api_key", "pii_salt", "publish.targets", "metrics.ping_url", "alerts.urls"})


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the API, what to read, and how to mask it; never printed, because it contains the key."""

    api_key: str = ""
    base_url: str = BASE_URL
    allow_insecure_http: bool = False
    """Allow http:// to another machine, which sends the key unencrypted."""
    start_date: str | None = None
    page_size: Annotated[int, Meta(ge=1, le=250)] = 250
    max_concurrency: Annotated[int, Meta(ge=1, le=64)] = CONCURRENCY
    overlap_minutes: Annotated[int, Meta(ge=0, le=MINUTES_PER_YEAR)] = 60
    request_deadline_seconds: Annotated[int, Meta(ge=10, le=24 * 60 * 60)] = REQUEST_SECONDS
    sync_deadline_minutes: Annotated[int, Meta(ge=0, le=MINUTES_PER_YEAR)] = 0
    """0: a sync has no deadline."""
    events: bool = True
    inventory: bool = False
    """Also read the numbers that the account holds."""
    inventory_every_hours: Annotated[int, Meta(ge=1, le=24 * 366)] = 24
    """How often to read the whole list; every sync counts the numbers."""
    inventory_tags: bool = False
    """Also read the tags of the numbers."""
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
    """The settings of the models; lists are already read from their files."""

    """The settings of the models; a list is already read from its file."""

    response_window_hours: Annotated[float, Meta(gt=0, le=24 * 365)] = 48.0
    time_zone: ZoneInfo = msgspec.field(default_factory=lambda: find_time_zone("UTC"))
    business_time_zone: ZoneInfo = msgspec.field(default_factory=lambda: find_time_zone("America/New_York"))
    holidays: tuple[Holiday, ...] | None = None
    """None: the list of the package."""
    customer_values: tuple[CustomerValue, ...] = ()
    carriers: tuple[CarrierParent, ...] = ()
    labels: tuple[Label, ...] = ()
    dispute_window_hours: Annotated[int, Meta(ge=1, le=24 * 366)] = 168
    check_all_hours: Annotated[int, Meta(ge=0, le=24 * 366)] = 0
    """0: only full builds check all rows."""

    def inputs(self, as_of: datetime, privacy: Privacy = KEEP) -> ModelInputs:
        """Return what the models need to describe this instant, with personal data as `privacy` allows."""
        from portouts.transform.inputs import ModelInputs, shipped_holidays

        return ModelInputs(
            as_of=as_of.astimezone(UTC),
            response_window_hours=self.response_window_hours,
            time_zone=self.time_zone.key,
            business_time_zone=self.business_time_zone.key,
            days_off=shipped_holidays() if self.holidays is None else self.holidays,
            customer_values=masked(self.customer_values, privacy),
            carriers=self.carriers,
            labels=self.labels,
            dispute_window_hours=self.dispute_window_hours,
            check_all_hours=self.check_all_hours,
        )


class PublishSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[publish]`: who may read the published file, and its copies; an address may hold a password."""

    mode: int | None = None
    """None: a new file gets 0600, a replaced file keeps its mode."""
    targets: tuple[str, ...] = ()
    """Addresses of PostgreSQL servers and of object storage that get a copy."""
    schemas: tuple[str, ...] = ("raw", "marts")
    """The schemas that targets get."""
    keep: Annotated[int, Meta(ge=0, le=1000)] = 2
    """Earlier versions of the DuckDB file that stay in object storage."""
    timeout_minutes: Annotated[int, Meta(ge=1, le=60 * 24)] = 30
    """The time limit of all targets together."""

    def __repr__(self) -> str:
        return f"PublishSettings({self.mode!r}, {len(self.targets)} targets, {self.schemas!r})"


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[metrics]`: the metrics file and the ping; the address is a secret, so it is never printed."""

    file: Path | None = None
    ping_url: str | None = None

    def __repr__(self) -> str:
        return f"MetricsSettings({self.file!r})"


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[alerts]`: receivers and thresholds; the addresses hold passwords, so they are never printed."""

    urls: tuple[str, ...] = ()
    """Addresses in Apprise's format; if the tuple is empty, no alerts are sent."""
    hours_before: tuple[float, ...] = (24.0, 4.0)
    """Thresholds: hours before silence authorises an order."""
    alerts_folder: Path | None = None
    """A folder with additional SQL files."""

    def __repr__(self) -> str:
        return f"AlertSettings({len(self.urls)} urls, {self.hours_before!r}, {self.alerts_folder!r})"


SOURCE_TABLE = "sources.telnyx"
TABLES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    SOURCE_TABLE: (SourceSettings, ModelSettings),
    "publish": (PublishSettings,),
    "metrics": (MetricsSettings,),
    "alerts": (AlertSettings,),
}
"""Table → the kinds of settings that it contains."""


def full_name(table: str, name: str) -> str:
    """Return the name of a setting as messages show it."""
    return name if table == SOURCE_TABLE else f"{table}.{name}"


def names_of(table: str) -> tuple[str, ...]:
    """Return the names of the settings of a table."""
    return tuple(dict.fromkeys(name for kind in TABLES[table] for name in kind.__struct_fields__))


NAMES = tuple(full_name(table, name) for table in TABLES for name in names_of(table))
