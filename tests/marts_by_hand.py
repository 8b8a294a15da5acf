"""The marts once more, in plain Python lists and loops, from what the API sends.

Written from the meanings, not from the SQL: it walks through each order's story, where the SQL sorts and joins sets.
Tests compare the two value by value. Shape: mart name -> list of rows, each a dict; instants are UTC datetimes.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import phonenumbers

Row = dict[str, Any]

FINAL = {"ported", "rejected", "canceled"}
RESPONSES = {"authorized", "authorized_automatically", "rejected"}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
FAR_AWAY = datetime.max.replace(tzinfo=UTC)


@dataclass
class Step:
    """A status that an order took, from `began_at` on."""

    status: str
    began_at: datetime
    measured_by: str


@dataclass
class Story:
    """One order with all that is known of it."""

    order: Row
    steps: list[Step]
    numbers: list[Row]
    carrier_id: str
    inserted_at: datetime
    ported_at: datetime | None = None
    ported_at_source: str | None = None
    spells: list[Row] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.order["id"])

    @property
    def status(self) -> str | None:
        return self.order.get("status") or None


def compute_marts(
    orders: list[Row],
    events: list[Row],
    observations: list[Row],
    ported_ranges: list[Row],
    syncs: list[Row],
    as_of: datetime,
    response_window_hours: float = 48,
) -> dict[str, list[Row]]:
    """Compute every mart; days and months are UTC."""
    first_sync = min((instant(sync["as_of"]) for sync in syncs), default=None)
    events_of = by_order(events)
    seen = by_order(observations)
    ranges_of = by_order(ported_ranges)
    stories = []
    for order in orders:
        id_ = order["id"]
        steps = tell_steps(order, events_of[id_], seen[id_], first_sync, as_of)
        story = Story(order, steps, place_numbers(order), carrier_id_of(order), instant(order["inserted_at"]))
        story.ported_at, story.ported_at_source = tell_ported(story, ranges_of[id_])
        story.spells = tell_spells(story, response_window_hours)
        stories.append(story)
    carriers = name_carriers(stories)
    gained = carriers_gained(stories, carriers)
    days = list_days(stories, as_of)
    return {
        "dim_carrier_spellings": carrier_spellings(stories),
        "dim_carriers": list(carriers.values()),
        "dim_days": [{"day": day, "month": day.replace(day=1)} for day in days],
        "fct_status_changes": [row for story in stories for row in status_changes(story)],
        "fct_portouts": [portout(story, carriers) for story in stories],
        "fct_portout_numbers": [row for story in stories for row in story.numbers],
        "fct_responses": [spell for story in stories for spell in story.spells],
        "agg_portouts_daily": daily(stories, days),
        "agg_portouts": cells(stories),
        "agg_carriers_gained": gained,
        "agg_carriers_gained_monthly": carriers_monthly(stories, carriers),
        "agg_response_latency_monthly": latency_monthly(stories, as_of),
        "agg_response_survival": survival([spell for story in stories for spell in story.spells], as_of),
        "rpt_open_orders": open_orders(stories, carriers, as_of),
        "rpt_sync": [
            {name: sync.get(name) for name in SYNC_COLUMNS}
            for sync in sorted(syncs, key=lambda sync: instant(sync["as_of"]))
        ],
    }


SYNC_COLUMNS = (
    "as_of",
    "started_at",
    "finished_at",
    "requests",
    "orders_read",
    "orders_changed",
    "is_proven",
    "published",
)


def instant(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def by_order(rows: list[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["portout_id"]].append(row)
    return grouped


def hours_between(start: datetime, end: datetime) -> float:
    return (end - start) / timedelta(microseconds=1) / 3.6e9


# One order's story


def tell_steps(
    order: Row, events: list[Row], seen: list[Row], first_sync: datetime | None, as_of: datetime
) -> list[Step]:
    """Tell the statuses of one order: intake, then events or else observations, then what it is now."""
    inserted_at = instant(order["inserted_at"])

    def observed(status: str, seen_at: datetime) -> Step:
        nobody_looked_before = first_sync is not None and seen_at <= first_sync and inserted_at < first_sync
        return Step(status, seen_at, "unknown" if nobody_looked_before else "observation")

    sightings = sorted(
        (
            instant(row["seen_at"]),
            instant(row["updated_at"]) if row["updated_at"] else FAR_AWAY,
            row["status"] or "unknown",
        )
        for row in seen
    )
    told = sorted(
        (instant(event["created_at"]), event["id"], event["payload"]["status"])
        for event in events
        if event["event_type"] == "portout.status_changed" and (event.get("payload") or {}).get("status")
    )
    steps = [Step("pending", inserted_at, "event")]
    if told:
        steps += [Step(status, at, "event") for at, _, status in told]
    else:
        steps += [observed(status, seen_at) for seen_at, _, status in sightings]
    now = order.get("status") or "unknown"
    last = steps[-1]
    if last.status != now:
        later = [seen_at for seen_at, _, status in sightings if status == now and seen_at >= last.began_at]
        steps.append(observed(now, later[0]) if later else Step(now, max(as_of, last.began_at), "observation"))
    kept = steps[:1]
    for step in steps[1:]:
        if step.status != kept[-1].status:
            kept.append(step)
    return kept


def tell_ported(story: Story, ranges: list[Row]) -> tuple[datetime | None, str | None]:
    if story.status != "ported":
        return None, None
    if story.steps[-1].measured_by == "event":
        return story.steps[-1].began_at, "event"
    widths = sorted(
        (instant(row["ported_to"]) - instant(row["ported_from"]), instant(row["ported_to"])) for row in ranges
    )
    return (widths[0][1], "range") if widths else (None, "unknown")


def tell_spells(story: Story, window_hours: float) -> list[Row]:
    spells: list[Row] = []
    followers: list[Step | None] = [*story.steps[1:], None]
    for step, following in zip(story.steps, followers, strict=True):
        if step.status != "pending":
            continue
        known = following is not None and following.measured_by != "unknown"
        ended_at = following.began_at if following and known else None
        hours = hours_between(step.began_at, ended_at) if ended_at else None
        response = name_response(following.status if following else None, hours, window_hours)
        spells.append(
            {
                "portout_id": story.id,
                "spell_number": len(spells) + 1,
                "pending_at": step.began_at,
                "responded_at": ended_at,
                "response": response,
                "response_hours": hours,
                "is_censored": response not in RESPONSES,
                "measured_by": (following or step).measured_by,
                "deadline_at": step.began_at + timedelta(hours=window_hours),
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


def status_changes(story: Story) -> list[Row]:
    rows = []
    for number, step in enumerate(story.steps, start=1):
        following = story.steps[number] if number < len(story.steps) else None
        rows.append(
            {
                "portout_id": story.id,
                "change_number": number,
                "status": step.status,
                "began_at": step.began_at,
                "ended_at": following.began_at if following else None,
                "next_status": following.status if following else None,
                "measured_by": step.measured_by,
                "next_measured_by": following.measured_by if following else None,
            }
        )
    return rows


def portout(story: Story, carriers: dict[str, Row]) -> Row:
    order, first = story.order, story.spells[0]
    return {
        "portout_id": story.id,
        "status": story.status,
        "is_open": story.status not in FINAL,
        "carrier_id": story.carrier_id,
        "carrier_name": carriers[story.carrier_id]["carrier_name"],
        "spid": given(order, "spid"),
        "country_code": story.numbers[0]["country_code"] if story.numbers else None,
        "number_count": len(story.numbers),
        "inserted_at": story.inserted_at,
        "received_on": day_of(story.inserted_at),
        "updated_at": instant(order["updated_at"]) if order.get("updated_at") else None,
        "requested_foc_on": calendar_day(order.get("requested_foc_date")),
        "foc_on": calendar_day(order.get("foc_date")),
        "status_began_at": story.steps[-1].began_at,
        "ported_at": story.ported_at,
        "ported_on": day_of(story.ported_at) if story.ported_at else None,
        "ported_at_source": story.ported_at_source,
        "response": first["response"],
        "responded_at": first["responded_at"],
        "response_hours": first["response_hours"],
        "rejection_code": order.get("rejection_code"),
        "rejection_reason": order.get("reason"),
        "support_key": order.get("support_key"),
        "pon": order.get("pon"),
    }


def calendar_day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def month_of(at: datetime) -> date:
    return day_of(at).replace(day=1)


# Numbers and carriers


def place_numbers(order: Row) -> list[Row]:
    rows = []
    for position, number in enumerate(order.get("phone_numbers") or [], start=1):
        country, area = place(number)
        rows.append(
            {
                "portout_id": order["id"],
                "position": position,
                "phone_number": number,
                "country_code": country,
                "area_code": area,
            }
        )
    return rows


PLACED: set[int] = {
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.UNKNOWN,
}


def place(number: str | None) -> tuple[str | None, str | None]:
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return None, None
    country = phonenumbers.region_code_for_number(parsed)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == 1 and country and phonenumbers.number_type(parsed) in PLACED:
        digits = 3  # the NANP islands have one area code for fixed lines and mobiles
    return country, phonenumbers.national_significant_number(parsed)[:digits] or None


def given(order: Row, name: str) -> str | None:
    return (order.get(name) or "").strip(" ") or None


def carrier_id_of(order: Row) -> str:
    return given(order, "spid") or fold(given(order, "carrier_name") or "") or "unknown"


def fold(name: str) -> str:
    """Drop punctuation and symbols, collapse white space, lower the case."""
    letters = [letter for letter in name.lower() if unicodedata.category(letter)[0] not in "PS"]
    spaced = "".join(
        " " if letter in "\t\n\v\f\r" or unicodedata.category(letter)[0] == "Z" else letter for letter in letters
    )
    return " ".join(word for word in spaced.split(" ") if word)


def carrier_spellings(stories: list[Story]) -> list[Row]:
    found: dict[tuple[str | None, str | None], Row] = {}
    for story in stories:
        spid, name = given(story.order, "spid"), given(story.order, "carrier_name")
        row = found.setdefault(
            (spid, name),
            {
                "spid": spid,
                "carrier_name": name,
                "carrier_id": story.carrier_id,
                "order_count": 0,
                "last_inserted_at": story.inserted_at,
            },
        )
        row["order_count"] += 1
        row["last_inserted_at"] = max(row["last_inserted_at"], story.inserted_at)
    return list(found.values())


def name_carriers(stories: list[Story]) -> dict[str, Row]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    latest: dict[tuple[str, str], datetime] = {}
    spids: defaultdict[str, list[str]] = defaultdict(list)
    for story in stories:
        carrier, name, spid = story.carrier_id, given(story.order, "carrier_name"), given(story.order, "spid")
        spids[carrier] += [spid] if spid else []
        if name:
            counts[carrier][name] += 1
            latest[carrier, name] = max(latest.get((carrier, name), LONG_AGO), story.inserted_at)
    rows = {}
    for carrier, known in spids.items():
        # Three stable sorts, the least important first. (mypy cannot infer a lambda that binds a default.)
        names = sorted(counts[carrier])
        names.sort(key=lambda name, carrier=carrier: latest[carrier, name], reverse=True)  # type: ignore[misc]
        names.sort(key=lambda name, carrier=carrier: counts[carrier][name], reverse=True)  # type: ignore[misc]
        rows[carrier] = {
            "carrier_id": carrier,
            "carrier_name": names[0] if names else None,
            "spid": max(known) if known else None,
        }
    return rows


def carriers_gained(stories: list[Story], carriers: dict[str, Row]) -> list[Row]:
    everything = sum(len(story.numbers) for story in stories if story.status == "ported")
    rows = []
    for carrier, names in carriers.items():
        theirs = [story for story in stories if story.carrier_id == carrier]
        ported = [story for story in theirs if story.status == "ported"]
        times = sorted(story.ported_at for story in ported if story.ported_at)
        numbers = sum(len(story.numbers) for story in ported)
        rows.append(
            {
                **names,
                "orders_received": len(theirs),
                "orders_ported": len(ported),
                "numbers_ported": numbers,
                "share_of_numbers": numbers / everything if everything else None,
                "first_ported_at": times[0] if times else None,
                "last_ported_at": times[-1] if times else None,
                "rejection_rate": sum(story.status == "rejected" for story in theirs) / len(theirs),
                "median_response_hours": percentile(answer_hours([s for story in theirs for s in story.spells]), 0.5),
            }
        )
    rows.sort(key=lambda row: (-row["numbers_ported"], -row["orders_ported"], row["carrier_id"]))
    return [{**row, "rank": rank} for rank, row in enumerate(rows, start=1)]


def carriers_monthly(stories: list[Story], carriers: dict[str, Row]) -> list[Row]:
    gains: defaultdict[tuple[date, str], list[Story]] = defaultdict(list)
    for story in stories:
        if story.ported_at:
            gains[month_of(story.ported_at), story.carrier_id].append(story)
    rows: list[Row] = []
    met: set[str] = set()
    for month, carrier in sorted(gains):
        in_month = [story for (when, _), group in gains.items() if when == month for story in group]
        everything = sum(len(story.numbers) for story in in_month)
        numbers = sum(len(story.numbers) for story in gains[month, carrier])
        rows.append(
            {
                "month": month,
                "carrier_id": carrier,
                "carrier_name": carriers[carrier]["carrier_name"],
                "orders_ported": len(gains[month, carrier]),
                "numbers_ported": numbers,
                "share_of_numbers": numbers / everything if everything else None,
                "is_new_carrier": carrier not in met,
            }
        )
        met.add(carrier)
    return rows


# Volumes


def list_days(stories: list[Story], as_of: datetime) -> list[date]:
    happened = [story.inserted_at for story in stories] + [story.ported_at for story in stories if story.ported_at]
    day, last = day_of(min(happened, default=as_of)), day_of(max([as_of, *happened]))
    days = [day]
    while days[-1] < last:
        days.append(days[-1] + timedelta(days=1))
    return days


def daily(stories: list[Story], days: list[date]) -> list[Row]:
    rows = {
        day: {
            "day": day,
            "orders_received": 0,
            "numbers_received": 0,
            "orders_ported": 0,
            "numbers_ported": 0,
            "orders_rejected": 0,
            "orders_canceled": 0,
            "orders_open": 0,
        }
        for day in days
    }

    def row(at: datetime) -> Row:
        return rows[min(max(day_of(at), days[0]), days[-1])]

    flow: Counter[date] = Counter()
    for story in stories:
        row(story.inserted_at)["orders_received"] += 1
        row(story.inserted_at)["numbers_received"] += len(story.numbers)
        if story.ported_at:
            row(story.ported_at)["orders_ported"] += 1
            row(story.ported_at)["numbers_ported"] += len(story.numbers)
        if story.status in {"rejected", "canceled"}:
            row(story.steps[-1].began_at)[f"orders_{story.status}"] += 1
        is_open = False
        for step in story.steps:
            if is_open != (step.status not in FINAL):
                is_open = not is_open
                by_range = step.status == "ported" and story.ported_at_source == "range"
                at = story.ported_at if by_range and story.ported_at else step.began_at
                flow[row(at)["day"]] += 1 if is_open else -1
    open_now = 0
    for day in days:
        open_now += flow[day]
        rows[day]["orders_open"] = open_now
    return list(rows.values())


def cells(stories: list[Story]) -> list[Row]:
    orders: Counter[tuple[Any, ...]] = Counter()
    numbers: Counter[tuple[Any, ...]] = Counter()
    for story in stories:
        country = story.numbers[0]["country_code"] if story.numbers else None
        cell = (day_of(story.inserted_at), story.status, story.carrier_id, country)
        orders[cell] += 1
        numbers[cell] += len(story.numbers)
    names = ("day", "status", "carrier_id", "country_code")
    return [
        {**dict(zip(names, cell, strict=True)), "orders": count, "numbers": numbers[cell]}
        for cell, count in orders.items()
    ]


# Response times


def answer_hours(spells: list[Row]) -> list[float]:
    return [
        spell["response_hours"] for spell in spells if not spell["is_censored"] and spell["response_hours"] is not None
    ]


def percentile(values: list[float], share: float) -> float | None:
    """Interpolate between the two nearest ranks."""
    if not values:
        return None
    ordered = sorted(values)
    place, rest = divmod(share * (len(ordered) - 1), 1)
    low = ordered[int(place)]
    high = ordered[min(int(place) + 1, len(ordered) - 1)]
    return low + (high - low) * rest


def survival(spells: list[Row], as_of: datetime) -> list[Row]:
    """Kaplan-Meier, walking through the spells from the shortest to the longest."""
    durations: list[tuple[float, bool]] = []
    for spell in spells:
        if spell["response"] == "open":
            durations.append((hours_between(spell["pending_at"], as_of), False))
        elif spell["response_hours"] is not None:
            durations.append((spell["response_hours"], not spell["is_censored"]))
    durations.sort()
    rows, share, walked = [], 1.0, 0
    while walked < len(durations):
        hours = durations[walked][0]
        at_risk = len(durations) - walked
        responded = censored = 0
        while walked < len(durations) and durations[walked][0] == hours:
            responded += durations[walked][1]
            censored += not durations[walked][1]
            walked += 1
        share *= (at_risk - responded) / at_risk
        rows.append(
            {
                "hours": hours,
                "at_risk": at_risk,
                "responded": responded,
                "censored": censored,
                "still_pending_share": share,
            }
        )
    return rows


def latency_monthly(stories: list[Story], as_of: datetime) -> list[Row]:
    months: defaultdict[date, list[Row]] = defaultdict(list)
    for story in stories:
        for spell in story.spells:
            months[month_of(spell["pending_at"])].append(spell)
    rows = []
    for month, spells in sorted(months.items()):
        hours = answer_hours(spells)
        halved = [step["hours"] for step in survival(spells, as_of) if step["still_pending_share"] <= 0.5 + 1e-9]
        rows.append(
            {
                "month": month,
                "spells": len(spells),
                "responded": sum(not spell["is_censored"] for spell in spells),
                "open": sum(spell["response"] == "open" for spell in spells),
                "p50_hours": percentile(hours, 0.5),
                "p90_hours": percentile(hours, 0.9),
                "p95_hours": percentile(hours, 0.95),
                "max_hours": max(hours, default=None),
                "within_24h": sum(hour <= 24 for hour in hours),
                "within_48h": sum(hour <= 48 for hour in hours),
                "automatic": sum(spell["response"] == "authorized_automatically" for spell in spells),
                "median_hours_censored": halved[0] if halved else None,
            }
        )
    return rows


def open_orders(stories: list[Story], carriers: dict[str, Row], as_of: datetime) -> list[Row]:
    rows = []
    for story in stories:
        if story.status != "pending":
            continue
        deadline = story.spells[-1]["deadline_at"]
        left = hours_between(as_of, deadline)
        limits = ((0, "overdue"), (4, "critical"), (24, "soon"), (float("inf"), "ample"))
        rows.append(
            {
                "portout_id": story.id,
                "support_key": story.order.get("support_key"),
                "carrier_name": carriers[story.carrier_id]["carrier_name"],
                "number_count": len(story.numbers),
                "inserted_at": story.inserted_at,
                "deadline_at": deadline,
                "hours_left": left,
                "urgency": next(name for limit, name in limits if left < limit),
            }
        )
    return sorted(rows, key=lambda row: (row["deadline_at"], row["portout_id"]))
