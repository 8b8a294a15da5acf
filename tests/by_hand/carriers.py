"""Who gains the numbers: what an order's SPID and name make of its carrier, how carriers are called, what they gain."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from by_hand.terms import Row, Terms, month_of, percentile, share, words

if TYPE_CHECKING:
    from by_hand.stories import Story

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def given(order: Row, name: str) -> str | None:
    return words(order.get(name))


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
                "folded_name": fold(name or "") or None,
                "carrier_id": story.carrier_id,
                "order_count": 0,
                "last_inserted_at": None,
            },
        )
        row["order_count"] += 1
        row["last_inserted_at"] = max(filter(None, (row["last_inserted_at"], story.inserted_at)), default=None)
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
            latest[carrier, name] = max(latest.get((carrier, name), LONG_AGO), story.inserted_at or LONG_AGO)
    rows = {}
    for carrier, known in spids.items():
        # Three stable sorts, the least important first.
        names = sorted(counts[carrier])
        names.sort(key=lambda name, carrier=carrier: latest[carrier, name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        names.sort(key=lambda name, carrier=carrier: counts[carrier][name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        rows[carrier] = {
            "carrier_id": carrier,
            "carrier_name": names[0] if names else None,
            "spid": max(known) if known else None,
        }
    return rows


def count_numbers(stories: list[Story]) -> int:
    return sum(len(story.numbers) for story in stories)


def carriers_gained(stories: list[Story], carriers: dict[str, Row]) -> list[Row]:
    everything = count_numbers([story for story in stories if story.status == "ported"])
    of_carrier: defaultdict[str, list[Story]] = defaultdict(list)
    for story in stories:
        of_carrier[story.carrier_id].append(story)
    rows = []
    for carrier, names in carriers.items():
        theirs = of_carrier[carrier]
        ported = [story for story in theirs if story.status == "ported"]
        times = sorted(story.ported_at for story in ported if story.ported_at)
        rows.append(
            {
                **names,
                "orders_received": len(theirs),
                "orders_ported": len(ported),
                "numbers_ported": count_numbers(ported),
                "share_of_numbers": share(count_numbers(ported), everything),
                "first_ported_at": times[0] if times else None,
                "last_ported_at": times[-1] if times else None,
                "rejection_rate": sum(story.status == "rejected" for story in theirs) / len(theirs),
                "median_response_hours": percentile(answer_hours([s for story in theirs for s in story.spells]), 0.5),
            }
        )
    rows.sort(key=lambda row: (-row["numbers_ported"], -row["orders_ported"], row["carrier_id"]))
    return [{**row, "rank": rank} for rank, row in enumerate(rows, start=1)]


def answer_hours(spells: list[Row], name: str = "response_hours") -> list[float]:
    return [spell[name] for spell in spells if not spell["is_censored"] and spell[name] is not None]


def carriers_monthly(stories: list[Story], carriers: dict[str, Row], terms: Terms) -> list[Row]:
    gains: defaultdict[date, defaultdict[str, list[Story]]] = defaultdict(lambda: defaultdict(list))
    for story in stories:
        if ported_on := terms.day_of(story.ported_at):
            gains[month_of(ported_on)][story.carrier_id].append(story)
    rows: list[Row] = []
    met: set[str] = set()
    for month, in_month in sorted(gains.items()):
        everything = sum(count_numbers(theirs) for theirs in in_month.values())
        for carrier, theirs in in_month.items():
            rows.append(
                {
                    "month": month,
                    "carrier_id": carrier,
                    "carrier_name": carriers[carrier]["carrier_name"],
                    "orders_ported": len(theirs),
                    "numbers_ported": count_numbers(theirs),
                    "share_of_numbers": share(count_numbers(theirs), everything),
                    "is_new_carrier": carrier not in met and count_numbers(theirs) > 0,
                }
            )
            if count_numbers(theirs):
                met.add(carrier)
    return rows
