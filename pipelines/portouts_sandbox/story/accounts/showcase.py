"""The accounts that people look at: silence authorises after 48 hours, one carrier grows, another is new.

Everything is arranged around the instant at which one looks, so that there is something to see whatever the seed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from portouts_sandbox.story.carriers import NORTH_AMERICAN, Carrier
from portouts_sandbox.story.rng import draw_hours, weighted_choice

from .account import DAY, Account, GivenOrder, Moment, Rise, draw_small_count

NEW = Carrier("9A24", ("Zinnia Calling", "ZINNIA CALLING"))
GROWING = next(carrier for carrier in NORTH_AMERICAN if carrier.spid == "9A08")
LATE_SHARE = 0.02
PIN_SHARE, STUCK_SHARE = 0.8, 0.002  # nearly every order shows a PIN, and few numbers stay after their port-out
SMALL_CUSTOMER, SMALLEST_CUSTOMER = "CUST-0059", "CUST-0060"  # the first holds others, too
ON_HOLD = "On hold until the gaining carrier sends a signed LOA; not authorized automatically before that."

_draw_answer = weighted_choice({"authorized": 52, "silence": 31, "rejected-pending": 12.5, "canceled": 4.5})


def draw_two_days(rng: Random) -> timedelta:
    """Draw how long silence lasts until it authorises an order: 48 hours, rarely up to six more."""
    return 2 * DAY + (draw_hours(rng, 0.2, 6) if rng.random() < LATE_SHARE else timedelta(0))


def living_account(at: datetime) -> Account:
    """Return an account in which, at an instant, one carrier has grown for months and another is some weeks old."""
    rises = (Rise(NEW, at - 40 * DAY, at - 20 * DAY, 0.07), Rise(GROWING, at - 210 * DAY, at, 0.28))
    return Account(_draw_answer, draw_two_days, draw_small_count, PIN_SHARE, STUCK_SHARE, rises)


def showcase(at: datetime) -> Account:
    """Return a living account with orders that stand out at an instant: a bulk departure, what waits, who leaves."""
    return replace(living_account(at), given=(_bulk_departure(at), *_waiting(at)))


def _bulk_departure(at: datetime) -> GivenOrder:
    """Return an order of 96 numbers of one customer, received three weeks ago and ported two weeks ago."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0) - 21 * DAY
    fields: dict[str, Any] = {
        "phone_numbers": [f"+131255501{line:02d}" for line in range(2, 98)],
        "carrier_name": "Cascade Cable",
        "spid": "9A03",
        "pon": "PON004711",
        "end_user_name": "Sample & Daughters LLC",
        "authorized_name": "Zoë Example",
        "service_address": "1 Example Street",
        "city": "Sampleville",
        "state": "IL",
        "zip": "00007",
    }
    moments = (Moment(0, "pending"), Moment(5.4, "authorized"), Moment(7 * 24 - 1.5, "ported"))
    return _given(day + timedelta(hours=15, minutes=12), 7, fields, moments)


def _waiting(at: datetime) -> list[GivenOrder]:
    """Return pending orders: one on hold, one that silence should have authorised already, others due soon.

    Two customers are leaving with them: one with all its numbers, one with a part of them.
    """
    hold = (Moment(0, "pending"), Moment(30.5, comment=ON_HOLD), *_authorized_after(140))
    late = (Moment(0, "pending"), *_authorized_after(52.6))
    silent = (Moment(0, "pending"), *_authorized_after(48))
    part = _given(at - timedelta(hours=45.7), 3, _asked_for("415", 14, "Quartz VoIP", "9A08", "José Ejemplo"), silent)
    whole = _given(at - timedelta(hours=38.9), 5, _asked_for("212", 5, "Northwind Wireless", "9A01", None), silent)
    return [
        _given(at - timedelta(hours=71.3), 4, _asked_for("206", 1, "Foundry Phone Co-op", "9A20", "Åsa Exempel"), hold),
        _given(at - timedelta(hours=49.2), 3, _asked_for("303", 2, "Northwind Wireless", "9A01", None), late),
        part._replace(customer=SMALL_CUSTOMER),
        _given(at - timedelta(hours=44.4), 3, _asked_for("617", 1, "Zinnia Calling", "9A24", None), silent),
        whole._replace(customer=SMALLEST_CUSTOMER),
        _given(at - timedelta(hours=29.6), 4, _asked_for("514", 1, "Télécom Exemple", "9A04", "Noël Témoin"), silent),
    ]


def _authorized_after(hours: float) -> tuple[Moment, Moment]:
    return Moment(hours, "authorized"), Moment(hours + 100, "ported")


def _asked_for(area: str, count: int, carrier: str, spid: str, end_user: str | None) -> dict[str, Any]:
    """Return the fields of an order for numbers of one area."""
    numbers = [f"+1{area}55501{line:02d}" for line in range(20, 20 + count)]
    return {"phone_numbers": numbers, "carrier_name": carrier, "spid": spid, "end_user_name": end_user}


def _given(inserted_at: datetime, lead_days: int, fields: dict[str, Any], moments: tuple[Moment, ...]) -> GivenOrder:
    requested = inserted_at.replace(hour=0, minute=0, second=0, microsecond=0) + lead_days * DAY
    return GivenOrder(inserted_at, {**fields, "requested_foc_date": requested}, moments)
