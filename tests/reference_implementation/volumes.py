"""How much happens: by day, over rolling weeks, by week received, by month ported, by area."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reference_implementation.business_time import closed_in, is_business_day
from reference_implementation.numbers import place_name, state_of
from reference_implementation.orders import FINAL
from reference_implementation.terms import Row, Terms, month_of, percentile, share, week_of

if TYPE_CHECKING:
    from reference_implementation.histories import History

FLOWS = ("orders_received", "numbers_received", "orders_ported", "numbers_ported")


def list_days(histories: list[History], terms: Terms) -> list[date]:
    happened = [at for history in histories for at in (history.inserted_at, history.ported_at) if at]
    day, last = terms.day_of(min(happened, default=terms.as_of)), terms.day_of(max([terms.as_of, *happened]))
    days = [day]
    while days[-1] < last:
        days.append(days[-1] + timedelta(days=1))
    return days


def describe_day(day: date, terms: Terms) -> Row:
    iso = day.isocalendar()
    return {
        "day": day,
        "week": week_of(day),
        "month": month_of(day),
        "quarter": max(date(day.year, month, 1) for month in (1, 4, 7, 10) if month <= day.month),
        "year": day.year,
        "iso_year": iso.year,
        "iso_week": iso.week,
        "weekday": day.isoweekday(),
        "weekday_name": f"{day:%A}",
        "is_business_day": is_business_day(day, closed_in(terms.business_country, terms.holidays)),
    }


def daily(histories: list[History], days: list[date], terms: Terms) -> list[Row]:
    counted = (*FLOWS, "orders_rejected", "orders_canceled", "orders_open")
    rows: dict[date, Row] = {day: {"day": day, **dict.fromkeys(counted, 0)} for day in days}

    def row(at: datetime) -> Row:
        return rows[min(max(terms.day_of(at), days[0]), days[-1])]

    flow: Counter[date] = Counter()
    for history in histories:
        if history.inserted_at:
            row(history.inserted_at)["orders_received"] += 1
            row(history.inserted_at)["numbers_received"] += len(history.numbers)
        if history.ported_at:
            row(history.ported_at)["orders_ported"] += 1
            row(history.ported_at)["numbers_ported"] += len(history.numbers)
        last = history.steps[-1].began_at
        if history.status in {"rejected", "canceled"} and last:
            row(last)[f"orders_{history.status}"] += 1
        is_open = False
        for step in history.steps if history.inserted_at else []:
            if is_open != (step.status not in FINAL):
                is_open = not is_open
                by_range = step is history.steps[-1] and history.ported_at_source == "range"
                at = history.ported_at if by_range else step.began_at
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


def cells(histories: list[History], terms: Terms) -> list[Row]:
    orders: Counter[tuple[Any, ...]] = Counter()
    numbers: Counter[tuple[Any, ...]] = Counter()
    for history in histories:
        country = history.numbers[0]["country_code"] if history.numbers else None
        cell = (terms.day_of(history.inserted_at), history.status, history.carrier_id, country)
        orders[cell] += 1
        numbers[cell] += len(history.numbers)
    names = ("day", "status", "carrier_id", "country_code")
    return [
        {**dict(zip(names, cell, strict=True)), "orders": count, "numbers": numbers[cell]}
        for cell, count in orders.items()
    ]


def cohorts(histories: list[History], days: list[date], terms: Terms) -> list[Row]:
    received: defaultdict[date, list[History]] = defaultdict(list)
    for history in histories:
        if history.inserted_at:
            received[week_of(terms.day_of(history.inserted_at))].append(history)
    rows = []
    for week in sorted({week_of(day) for day in days}):
        row: Row = {"week": week, "orders_received": len(received[week])}
        for length in (7, 14, 30):
            is_old_enough = terms.as_of >= terms.start_of(week + timedelta(days=7)) + timedelta(days=length)
            row[f"ported_{length}d"] = sum(ported_within(history, length) for history in received[week])
            whole = len(received[week]) if is_old_enough else 0
            row[f"share_{length}d"] = share(row[f"ported_{length}d"], whole)
        rows.append(row)
    return rows


def ported_within(history: History, days: int) -> bool:
    if not history.inserted_at or not history.ported_at:
        return False
    return history.ported_at - history.inserted_at <= timedelta(days=days)


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
                "past_grace": sum(slip > 10 for slip in slips),
                "p50_slip_days": percentile(slips, 0.5),
                "p90_slip_days": percentile(slips, 0.9),
                "max_slip_days": max(slips, default=None),
                "rescheduled": sum(order["foc_change_count"] > 0 for order in ported),
                "late_at_first": sum(slip > 0 for slip in first_slips),
                "p50_first_slip_days": percentile(first_slips, 0.5),
                "p90_first_slip_days": percentile(first_slips, 0.9),
                "max_first_slip_days": max(first_slips, default=None),
                "p50_lead_days": percentile(leads, 0.5),
                "p90_lead_days": percentile(leads, 0.9),
            }
        )
    return rows


def areas(histories: list[History]) -> list[Row]:
    found: defaultdict[tuple[str | None, str | None, str | None], list[History]] = defaultdict(list)
    for history in histories:
        for number in history.numbers:
            kind = number["country_code"], number["area_code"], number["number_type"]
            found[kind].append(history)  # once for each number
    everything = sum(len(history.numbers) for history in histories if history.status == "ported")
    rows = []
    for (country, area, number_type), asked in found.items():
        ported = [history for history in asked if history.status == "ported"]
        rows.append(
            {
                "country_code": country,
                "area_code": area,
                "number_type": number_type,
                "place": place_name(country, area),
                "area_state": state_of(country, area),
                "orders_received": len({history.id for history in asked}),
                "numbers_received": len(asked),
                "orders_ported": len({history.id for history in ported}),
                "numbers_ported": len(ported),
                "share_of_numbers": share(len(ported), everything),
                "last_ported_at": max((history.ported_at for history in ported if history.ported_at), default=None),
            }
        )
    return rows
