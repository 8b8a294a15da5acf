"""What the models need besides `raw`: the instant that they describe, and the settings with their lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from portouts.transform.lists.carriers import CarrierParent
from portouts.transform.lists.customer_values import CustomerValue
from portouts.transform.lists.holidays import Holiday, read_holidays
from portouts.transform.lists.labels import Label
from portouts.warehouse.sql import sql_folder


@cache
def shipped_holidays() -> tuple[Holiday, ...]:
    """Read the holidays that count unless the user has a list."""
    return read_holidays(sql_folder() / "seeds" / "holidays.csv")


@dataclass(frozen=True)
class ModelInputs:
    """The instant that the models describe, and the settings."""

    as_of: datetime
    response_window_hours: float = 48
    time_zone: str = "UTC"
    """The time zone of reported days, weeks and months."""
    business_time_zone: str = "America/New_York"
    """The time zone of the business hours of orders whose numbers determine none."""
    days_off: tuple[Holiday, ...] = field(default_factory=shipped_holidays)
    customer_values: tuple[CustomerValue, ...] = ()
    """Values of customers, whose references are masked like those of the inventory."""
    carriers: tuple[CarrierParent, ...] = ()
    """Carriers with the companies behind them."""
    labels: tuple[Label, ...] = ()
    """What users found out about orders."""
    dispute_window_hours: int = 168
    """For how long after a port-out, or a request, a customer may dispute it."""
    check_all_hours: int = 0
    """After so many hours, an incremental build checks all rows; 0: only full builds do. No figure depends on it."""
