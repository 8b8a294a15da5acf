"""How much happens: by day, over rolling weeks, by week received, by month ported, by area."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reference_implementation.orders import FINAL
from reference_implementation.terms import Row, Terms, month_of, percentile, share, week_of

if TYPE_CHECKING:
    from reference_implementation.histories import Story

FLOWS = ("orders_received", "numbers_received", "orders_ported", "numbers_ported")


def list_days(stories: list[Story], terms: Terms) -> list[date]:
    happened = [at for story in stories for at in (story.inserted_at, story.ported_at) if at]
    day, last = terms.day_of(min(happened, default=terms.as_of)), terms.day_of(max([terms.as_of, *happened]))
    days = [day]
    while days[-1] < last:
        days.append(days[-1] + timedelta(days=1))
    return days


def daily(stories: list[Story], days: list[date], terms: Terms) -> list[Row]:
    counted = (*FLOWS, "orders_rejected", "orders_canceled", "orders_open")
    rows: dict[date, Row] = {day: {"day": day, **dict.fromkeys(counted, 0)} for day in days}

    def row(at: datetime) -> Row:
        return rows[min(max(terms.day_of(at), days[0]), days[-1])]

    flow: Counter[date] = Counter()
    for story in stories:
        if story.inserted_at:
            row(story.inserted_at)["orders_received"] += 1
            row(story.inserted_at)["numbers_received"] += len(story.numbers)
        if story.ported_at:
            row(story.ported_at)["orders_ported"] += 1
            row(story.ported_at)["numbers_ported"] += len(story.numbers)
        last = story.steps[-1].began_at
        if story.status in {"rejected", "canceled"} and last:
            row(last)[f"orders_{story.status}"] += 1
        is_open = False
        for step in story.steps if story.inserted_at else []:
            if is_open != (step.status not in FINAL):
                is_open = not is_open
                by_range = step is story.steps[-1] and story.ported_at_source == "range"
                at = story.ported_at if by_range else step.began_at
                if at:
                    flow[row(at)["day"]] += 1 if is_open else -1
    open_now = 0
    for day in days:
        open_now += flow[day]
        rows[day]["orders_open"] = open_now
    return list(rows.values())


def rolling(days: list[Row]) -> list[Row]:
    return [
        {
            "day": row["day"],
            **{
                f"{name}_{length}d": sum(other[name] for other in days[max(0, place - length + 1) : place + 1])
                for name in FLOWS
                for length in (7, 28)
            },
        }
        for place, row in enumerate(days)
    ]


def cells(stories: list[Story], terms: Terms) -> list[Row]:
    orders: Counter[tuple[Any, ...]] = Counter()
    numbers: Counter[tuple[Any, ...]] = Counter()
    for story in stories:
        country = story.numbers[0]["country_code"] if story.numbers else None
        cell = (terms.day_of(story.inserted_at), story.status, story.carrier_id, country)
        orders[cell] += 1
        numbers[cell] += len(story.numbers)
    names = ("day", "status", "carrier_id", "country_code")
    return [
        {**dict(zip(names, cell, strict=True)), "orders": count, "numbers": numbers[cell]}
        for cell, count in orders.items()
    ]


def cohorts(stories: list[Story], days: list[date], terms: Terms) -> list[Row]:
    received: defaultdict[date, list[Story]] = defaultdict(list)
    for story in stories:
        if story.inserted_at:
            received[week_of(terms.day_of(story.inserted_at))].append(story)
    rows = []
    for week in sorted({week_of(day) for day in days}):
        row: Row = {"week": week, "orders_received": len(received[week])}
        for length in (7, 14, 30):
            is_old_enough = terms.as_of >= terms.start_of(week + timedelta(days=7)) + timedelta(days=length)
            row[f"ported_{length}d"] = sum(ported_within(story, length) for story in received[week])
            whole = len(received[week]) if is_old_enough else 0
            row[f"share_{length}d"] = share(row[f"ported_{length}d"], whole)
        rows.append(row)
    return rows


def ported_within(story: Story, days: int) -> bool:
    if not story.inserted_at or not story.ported_at:
        return False
    return story.ported_at - story.inserted_at <= timedelta(days=days)


def foc_slip_monthly(orders: list[Row]) -> list[Row]:
    months: defaultdict[date, list[Row]] = defaultdict(list)
    for order in orders:
        if order["ported_on"]:
            months[month_of(order["ported_on"])].append(order)
    rows = []
    for month, ported in months.items():
        slips = [order["foc_slip_days"] for order in ported if order["foc_slip_days"] is not None]
        first_slips = [order["first_foc_slip_days"] for order in ported if order["first_foc_slip_days"] is not None]
        leads = [order["foc_lead_days"] for order in ported if order["foc_lead_days"] is not None]
        rows.append(
            {
                "month": month,
                "orders_ported": len(ported),
                "with_foc": len(slips),
                "early": sum(slip < 0 for slip in slips),
                "on_day": sum(slip == 0 for slip in slips),
                "late": sum(slip > 0 for slip in slips),
                "p50_slip_days": percentile(slips, 0.5),
                "p90_slip_days": percentile(slips, 0.9),
                "max_slip_days": max(slips, default=None),
                "rescheduled": sum(order["foc_changes"] > 0 for order in ported),
                "late_at_first": sum(slip > 0 for slip in first_slips),
                "p50_first_slip_days": percentile(first_slips, 0.5),
                "p90_first_slip_days": percentile(first_slips, 0.9),
                "max_first_slip_days": max(first_slips, default=None),
                "p50_lead_days": percentile(leads, 0.5),
                "p90_lead_days": percentile(leads, 0.9),
            }
        )
    return rows


def areas(stories: list[Story]) -> list[Row]:
    found: defaultdict[tuple[str | None, str | None], list[Story]] = defaultdict(list)
    for story in stories:
        for number in story.numbers:
            found[number["country_code"], number["area_code"]].append(story)  # once for each number
    everything = sum(len(story.numbers) for story in stories if story.status == "ported")
    rows = []
    for (country, area), asked in found.items():
        ported = [story for story in asked if story.status == "ported"]
        rows.append(
            {
                "country_code": country,
                "area_code": area,
                "orders_received": len({story.id for story in asked}),
                "numbers_received": len(asked),
                "orders_ported": len({story.id for story in ported}),
                "numbers_ported": len(ported),
                "share_of_numbers": share(len(ported), everything),
                "last_ported_at": max((story.ported_at for story in ported if story.ported_at), default=None),
            }
        )
    return rows
