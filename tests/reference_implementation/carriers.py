"""Who gains the numbers: what an order's SPID and name make of its carrier, how carriers are called, what they gain."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from reference_implementation.terms import Row, Terms, month_of, percentile, share, words

if TYPE_CHECKING:
    from reference_implementation.histories import Story

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def given(order: Row, name: str) -> str | None:
    return words(order.get(name))


def settle_carriers(stories: list[Story]) -> None:
    """Tell each order's carrier: by SPID, by the one SPID that goes with its name, by name."""
    spids_of: defaultdict[str, set[str]] = defaultdict(set)
    for story in stories:
        spid, name = fold_spid(given(story.order, "spid")), fold(given(story.order, "carrier_name"))
        if spid and name:
            spids_of[name].add(spid)
    for story in stories:
        spid, name = fold_spid(given(story.order, "spid")), fold(given(story.order, "carrier_name"))
        only = next(iter(spids_of[name])) if name and len(spids_of[name]) == 1 else None
        story.carrier_id = spid or only or name or "unknown"


FILLERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}
APOSTROPHES = {"\u02bb", "\u02bc", "\u02bd"}


def is_invisible(letter: str) -> bool:
    return (
        unicodedata.category(letter) == "Cf"
        or letter in FILLERS
        or letter == "\u034f"
        or "VARIATION SELECTOR" in unicodedata.name(letter, "")
    )


def fold_spid(spid: str | None) -> str | None:
    visible = "".join(letter for letter in spid or "" if not is_invisible(letter))
    return "".join(unicodedata.normalize("NFKC", visible).split()).upper() or None


def fold(name: str | None) -> str | None:
    """Keep letters, digits and accents; each in its plain form, without case."""
    visible = [letter for letter in name or "" if not is_invisible(letter) and letter not in APOSTROPHES]
    words_only = [letter for letter in visible if unicodedata.category(letter) != "Sk" and letter not in "™℠"]
    text = unicodedata.normalize("NFKC", "".join(words_only))
    for turkish in "\u0130\u0131":  # I with a dot, i without
        text = text.replace(turkish, "i")
    kept = [letter for letter in unicodedata.normalize("NFKC", text.casefold()) if is_letter(letter)]
    return unicodedata.normalize("NFC", "".join(kept)) or None


def is_letter(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN" and not is_invisible(letter)


def family(name: str | None) -> str | None:
    """Fold a name without the two letters of a state that follow a dash at its end."""
    stem, dash, state = max(((name or "").rpartition(dash) for dash in "-–—"), key=lambda parts: len(parts[0]))
    is_state = bool(dash) and len(state.strip()) == 2 and state.strip().isascii() and state.strip().isalpha()
    return (fold(stem) if is_state else None) or fold(name)


def carrier_spellings(stories: list[Story]) -> list[Row]:
    found: dict[tuple[str | None, str | None], Row] = {}
    for story in stories:
        spid, name = given(story.order, "spid"), given(story.order, "carrier_name")
        row = found.setdefault(
            (spid, name),
            {
                "spid": spid,
                "carrier_name": name,
                "folded_name": fold(name),
                "carrier_id": story.carrier_id,
                "order_count": 0,
                "last_inserted_at": None,
            },
        )
        row["order_count"] += 1
        row["last_inserted_at"] = max(filter(None, (row["last_inserted_at"], story.inserted_at)), default=None)
    return list(found.values())


def name_carriers(stories: list[Story], operators: Mapping[str, str]) -> dict[str, Row]:
    """Name each carrier; `operators` are by SPID or name, as their user writes them."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    orders: Counter[str] = Counter()
    latest: dict[tuple[str, str], datetime] = {}
    spids: defaultdict[str, set[str]] = defaultdict(set)
    for story in stories:
        carrier, name, spid = story.carrier_id, given(story.order, "carrier_name"), given(story.order, "spid")
        orders[carrier] += 1
        spids[carrier] |= {folded} if (folded := fold_spid(spid)) else set()
        if name:
            counts[carrier][name] += 1
            latest[carrier, name] = max(latest.get((carrier, name), LONG_AGO), story.inserted_at or LONG_AGO)
    rows = {}
    for carrier, known in spids.items():
        # Three stable sorts, the least important first.
        names = sorted(counts[carrier])
        names.sort(key=lambda name, carrier=carrier: latest[carrier, name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        names.sort(key=lambda name, carrier=carrier: counts[carrier][name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        operator = next((who for meant, who in operators.items() if carrier in (fold_spid(meant), fold(meant))), None)
        rows[carrier] = {
            "carrier_id": carrier,
            "carrier_name": names[0] if names else None,
            "spid": max(known) if known else None,
            "operator_id": operator or carrier,
            "operator_name": operator or (names[0] if names else None),
            "suggested_operator": None,
        }
    suggest_operators(list(rows.values()), orders)
    return rows


def suggest_operators(carriers: list[Row], orders: Counter[str]) -> None:
    alike: defaultdict[str, list[Row]] = defaultdict(list)
    for row in carriers:
        if stem := family(row["carrier_name"]):
            alike[stem].append(row)
    for rows in alike.values():
        if len({row["operator_id"] for row in rows}) > 1:
            largest = min(rows, key=lambda row: (-orders[row["carrier_id"]], row["carrier_id"]))
            for row in rows:
                row["suggested_operator"] = largest["carrier_name"]


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
                **{name: value for name, value in names.items() if name != "suggested_operator"},
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
                    **{name: carriers[carrier][name] for name in ("carrier_name", "operator_id", "operator_name")},
                    "orders_ported": len(theirs),
                    "numbers_ported": count_numbers(theirs),
                    "share_of_numbers": share(count_numbers(theirs), everything),
                    "is_new_carrier": carrier not in met and count_numbers(theirs) > 0,
                }
            )
            if count_numbers(theirs):
                met.add(carrier)
    return rows
