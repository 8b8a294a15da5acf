"""One order's history: the statuses that it took, when it was ported, and its pending spells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from reference_implementation.business_time import business_hours, closed_in, is_within_one_business_day
from reference_implementation.carriers import given
from reference_implementation.numbers import clock_of, place, place_numbers
from reference_implementation.terms import Row, Terms, calendar_day, hours_between, instant, instant_or_none, words

RESPONSES = {"authorized", "authorized_automatically", "rejected"}
FAR_AWAY = datetime.max.replace(tzinfo=UTC)
LIFE = {"pending": 0, "rejected-pending": 1, "authorized": 2, "rejected": 3, "canceled": 3, "ported": 3}
UNDERWAY, LAST = LIFE["authorized"], 4
SETTLED = {"authorized", "ported", "canceled"}
NO_WAY_BACK = {"pending", *SETTLED}
MINUTE = timedelta(minutes=1)


@dataclass
class Step:
    """A status that an order took, from `began_at` on."""

    status: str
    began_at: datetime | None
    measured_by: str


@dataclass
class History:
    """One order with all that is known of it."""

    order: Row
    steps: list[Step]
    numbers: list[Row]
    time_zone: str
    time_zone_source: str
    country: str
    inserted_at: datetime | None
    carrier_id: str = "unknown"
    ported_at: datetime | None = None
    ported_at_source: str | None = None
    promises: list[date] = field(default_factory=list)
    """The days that were confirmed, one after the other."""
    spells: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    seen: list[Row] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.order["id"])

    @property
    def status(self) -> str | None:
        return given(self.order, "status")

    def walk(self) -> list[tuple[Step | None, Step, Step | None]]:
        """List each step between the one before it and the one after."""
        around = [None, *self.steps, None]
        return list(zip(around, self.steps, around[2:], strict=False))


def reconstruct(
    order: Row, events: list[Row], seen: list[Row], ranges: list[Row], looked_at: list[datetime], terms: Terms
) -> History:
    time_zone, source, country = find_clock(order, terms)
    history = History(
        order=order,
        steps=reconstruct_steps(order, events, seen, looked_at, terms.as_of),
        numbers=place_numbers(order),
        time_zone=time_zone,
        time_zone_source=source,
        country=country,
        inserted_at=instant_or_none(order.get("inserted_at")),
        events=events,
        seen=seen,
    )
    history.ported_at, history.ported_at_source = date_port_out(history, ranges)
    history.spells = reconstruct_spells(history, terms)
    history.promises = confirmed_days(history, events)
    return history


def find_clock(order: Row, terms: Terms) -> tuple[str, str, str]:
    """Find whose clock and whose holidays count: those of the first number that has a clock."""
    countries = []
    for number in order.get("phone_numbers") or []:
        zone, source = clock_of(number)
        country, _ = place(number)
        if zone and source and country:
            return zone, source, country
        countries += [country] if country else []
    return terms.business_time_zone, "setting", (countries or [terms.business_country])[0]


def reconstruct_steps(
    order: Row, events: list[Row], seen: list[Row], looked_at: list[datetime], as_of: datetime
) -> list[Step]:
    """Reconstruct the statuses of one order: intake, then events or else observations, then its status now."""
    inserted_at = instant_or_none(order.get("inserted_at"))

    first_seen = min((instant(row["seen_at"]) for row in seen), default=None)

    def observed(status: str, seen_at: datetime) -> Step:
        """The first sight dates a status only if the previous sync could not yet have seen the order."""
        first_look = min(looked_at, default=None)
        last_look = max((at for at in looked_at if at < seen_at), default=first_look)
        looks = [first_look] if first_look and seen_at <= first_look else []
        looks += [last_look] if last_look and seen_at == first_seen else []
        came_unseen = any(inserted_at is None or inserted_at < look for look in looks)
        return Step(status, seen_at, "unknown" if came_unseen else "observation")

    sightings = sorted(
        (
            instant(row["seen_at"]),
            instant(row["updated_at"]) if row["updated_at"] else FAR_AWAY,
            words(row["status"]) or "unknown",
        )
        for row in seen
    )
    now = given(order, "status") or "unknown"
    reported = in_order_of_life(events, now)
    steps = [Step("pending", inserted_at, "event")]
    if reported:
        steps += [Step(status, at, "event") for at, status in reported]
    else:
        steps += [observed(status, seen_at) for seen_at, _, status in sightings]
    last = steps[-1]
    if last.status != now:
        later = [at for at, _, status in sightings if status == now and last.began_at and at >= last.began_at]
        newest = max(as_of, last.began_at or as_of)
        steps.append(observed(now, later[0]) if later else Step(now, newest, "observation"))
    return without_repeats(steps)


def without_repeats(steps: list[Step]) -> list[Step]:
    """Leave out a step whose status is that of the one before it."""
    return [step for before, step in pairwise([None, *steps]) if step and (not before or step.status != before.status)]


def in_order_of_life(events: list[Row], now: str) -> list[tuple[datetime, str]]:
    """Put status events in order; of one instant the nearer to the end comes later, and what the order is now last."""
    reported = [
        (instant(event["created_at"]), status, event["id"])
        for event in events
        if event["event_type"] == "portout.status_changed" and event["created_at"]
        if (status := words((event.get("payload") or {}).get("status")))
    ]
    recorded = sorted((at, status) for at, status, _ in reported)
    dated = [(happened_at(at, status, recorded, now), status, id_) for at, status, id_ in reported]
    end = max((at for at, _, _ in dated), default=None)

    def place(event: tuple[datetime, str, str]) -> tuple[datetime, int, str]:
        at, status, id_ = event
        return at, LAST if (at, status) == (end, now) else LIFE.get(status, UNDERWAY), id_

    return [(at, status) for at, status, _ in sorted(dated, key=place)]


def happened_at(at: datetime, status: str, recorded: list[tuple[datetime, str]], now: str) -> datetime:
    """Date an event; one that was recorded too late for the order's life happened earlier."""
    latest = min(at, latest_before_the_end(at, status, recorded, now))
    first, last = recorded[0][0], recorded[-1][0]
    if status != "pending" or (now == "pending" and at == last):
        return latest
    returns = [when for when, other in recorded if when <= at and other not in NO_WAY_BACK]
    is_first_pending = at == min(when for when, other in recorded if other == "pending")
    if is_first_pending and (not returns or at - first <= MINUTE or at == last):
        return first
    leg = max(returns, default=first)
    return min([latest, *(when for when, other in recorded if leg <= when <= at and other in SETTLED)])


def latest_before_the_end(at: datetime, status: str, recorded: list[tuple[datetime, str]], now: str) -> datetime:
    """Return when an order took the status that it has now, if its event should have come before."""
    ends = [when for when, other in recorded if other == now]
    comes_before = LIFE.get(status, UNDERWAY) < LIFE.get(now, UNDERWAY)
    if not ends or not comes_before:
        return at
    is_over = LIFE.get(now) == LIFE["ported"]
    return ends[-1] if is_over or recorded[-1][0] - ends[-1] <= MINUTE else at


def date_port_out(history: History, ranges: list[Row]) -> tuple[datetime | None, str | None]:
    if history.status != "ported":
        return None, None
    if history.steps[-1].measured_by == "event":
        return history.steps[-1].began_at, "event"
    widths = sorted(
        (instant(row["ported_to"]) - instant(row["ported_from"]), instant(row["ported_to"])) for row in ranges
    )
    return (widths[0][1], "range") if widths else (None, "unknown")


def confirmed_days(history: History, events: list[Row]) -> list[date]:
    """List the confirmed days: what an authorization confirmed, then those of events, and finally the day now."""
    announced = sorted(
        (instant(event["created_at"]), day)
        for event in events
        if event["event_type"] == "portout.foc_date_changed" and event["created_at"]
        if (day := calendar_day((event.get("payload") or {}).get("foc_date"), history.time_zone))
    )
    days = [day for _, day in announced]
    asked_for = calendar_day(history.order.get("requested_foc_date"), history.time_zone)
    authorized_at = min(
        (
            step.began_at
            for step in history.steps
            if step.status == "authorized" and step.measured_by == "event"
            if step.began_at
        ),
        default=None,
    )
    if announced and asked_for and authorized_at and authorized_at + MINUTE < announced[0][0]:
        days.insert(0, asked_for)
    now = calendar_day(history.order.get("foc_date"), history.time_zone)
    return [*days, now] if now else days


def reconstruct_spells(history: History, terms: Terms) -> list[Row]:
    spells: list[Row] = []
    closed = closed_in(history.country, terms.holidays)
    for _, step, following in history.walk():
        if step.status != "pending":
            continue
        known = following is not None and following.measured_by != "unknown"
        ended_at = following.began_at if following and known else None
        hours = hours_between(step.began_at, ended_at)
        response = name_response(following.status if following else None, hours, terms.response_window_hours)
        times = (step.began_at, ended_at) if step.began_at and ended_at else None
        spells.append(
            {
                "portout_id": history.id,
                "spell_number": len(spells) + 1,
                "pending_at": step.began_at,
                "responded_at": ended_at,
                "response": response,
                "response_hours": hours,
                "time_zone": history.time_zone,
                "time_zone_source": history.time_zone_source,
                "response_business_hours": business_hours(*times, history.time_zone, closed) if times else None,
                "is_within_one_business_day": is_within_one_business_day(*times, history.time_zone, closed)
                if times
                else None,
                "is_censored": response not in RESPONSES,
                "measured_by": (following or step).measured_by,
                "deadline_at": step.began_at + timedelta(hours=terms.response_window_hours) if step.began_at else None,
            }
        )
    return spells


def name_response(following: str | None, hours: float | None, window_hours: float) -> str:
    if following is None:
        return "open"
    if following in {"authorized", "ported"}:
        return "authorized_automatically" if hours is not None and hours >= window_hours else "authorized"
    return {"rejected-pending": "rejected", "rejected": "rejected_at_intake", "canceled": "canceled"}.get(
        following, "other"
    )
