"""Who gains the numbers: the carrier of each order by SPID and name, the names of carriers, and what they gain."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from reference_implementation.terms import Row, Terms, month_of, percentile, share, words

if TYPE_CHECKING:
    from reference_implementation.histories import History

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def given(order: Row, name: str) -> str | None:
    return words(order.get(name))


def former_names(history: History) -> set[str]:
    """List the names that events give the carrier, other than the one that the order gives now, as they are spelled."""
    said = {
        words((event.get("payload") or {}).get("carrier_name"))
        for event in history.events
        if event["event_type"] == "portout.status_changed"
    }
    return {name for name in said if name and name != given(history.order, "carrier_name")}


def all_names(history: History) -> set[str]:
    """List the folded names of the carrier of an order, now and in events."""
    names = {fold(name) for name in (given(history.order, "carrier_name"), *former_names(history))}
    return {name for name in names if name}


def settle_carriers(histories: list[History]) -> None:
    """Set the carrier of each order: by its SPID, by the only SPID that its name has or had, or by its name."""
    spids_of: defaultdict[str, set[str]] = defaultdict(set)
    for history in histories:
        if known := fold_spid(given(history.order, "spid")):
            for former in all_names(history):
                spids_of[former].add(known)
    for history in histories:
        spid, name = fold_spid(given(history.order, "spid")), fold(given(history.order, "carrier_name"))
        only = next(iter(spids_of[name])) if name and len(spids_of[name]) == 1 else None
        history.carrier_id = spid or only or name or "unknown"


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


LEGAL_FORMS = {"llc", "inc", "ltd", "limited", "corp", "corporation", "co", "company", "gmbh", "ab", "sa", "teo"}


def family(name: str | None) -> str | None:
    """Fold a name without accents, and without the state after a dash and the legal form at its end."""
    stem, dash, state = max(((name or "").rpartition(dash) for dash in "-–—"), key=lambda parts: len(parts[0]))
    is_state = bool(dash) and len(state.strip()) == 2 and state.strip().isascii() and state.strip().isalpha()
    said = (stem if is_state else name or "").replace(",", " ").split()
    while len(said) > 1 and (fold(said[-1]) is None or fold(said[-1]) in LEGAL_FORMS):
        said = said[:-1]
    letters = unicodedata.normalize("NFKD", fold(" ".join(said)) or fold(name) or "")
    return "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f") or None


def carrier_spellings(histories: list[History]) -> list[Row]:
    found: dict[tuple[str | None, str | None], Row] = {}
    for history in histories:
        spid, name = given(history.order, "spid"), given(history.order, "carrier_name")
        row = found.setdefault(
            (spid, name),
            {
                "spid": spid,
                "carrier_name": name,
                "folded_name": fold(name),
                "carrier_id": history.carrier_id,
                "order_count": 0,
                "last_inserted_at": None,
            },
        )
        row["order_count"] += 1
        row["last_inserted_at"] = max(filter(None, (row["last_inserted_at"], history.inserted_at)), default=None)
    return list(found.values())


def name_carriers(histories: list[History], parents: Mapping[str, str]) -> dict[str, Row]:
    """Name each carrier; `parents` are by SPID or name, as their user writes them."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    orders: Counter[str] = Counter()
    latest: dict[tuple[str, str], datetime] = {}
    spids: defaultdict[str, set[str]] = defaultdict(set)
    names_of = count_names(histories)
    for history in histories:
        carrier, name, spid = history.carrier_id, given(history.order, "carrier_name"), given(history.order, "spid")
        orders[carrier] += 1
        spids[carrier] |= {folded} if (folded := fold_spid(spid)) else set()
        if name:
            counts[carrier][name] += 1
            latest[carrier, name] = max(latest.get((carrier, name), LONG_AGO), history.inserted_at or LONG_AGO)
    rows = {}
    for carrier, known in spids.items():
        # Three stable sorts, the least important first.
        names = sorted(counts[carrier])
        names.sort(key=lambda name, carrier=carrier: latest[carrier, name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        names.sort(key=lambda name, carrier=carrier: counts[carrier][name], reverse=True)  # type: ignore[misc]  # a lambda with a default
        parent = find_parent(carrier, names_of[carrier], parents)
        rows[carrier] = {
            "carrier_id": carrier,
            "carrier_name": names[0] if names else None,
            "spid": max(known) if known else None,
            "parent": parent,
            "parent_id": parent or carrier,
            "suggested_parent": None,
        }
    suggest_parents(list(rows.values()), orders)
    return rows


def count_names(histories: list[History]) -> dict[str, Counter[str]]:
    """Count the orders of each carrier by the folded names that they give or gave it."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for history in histories:
        counts[history.carrier_id].update(all_names(history))
    return counts


def find_parent(carrier: str, names: Counter[str], parents: Mapping[str, str]) -> str | None:
    """Find the parent of a carrier in the user's list: by its SPID, else by its name in most orders."""
    for meant, parent in parents.items():
        if carrier in (fold_spid(meant), fold(meant)):
            return parent
    listed = {name: parent for meant, parent in parents.items() if (name := fold(meant))}
    found = sorted((-count, listed[name]) for name, count in names.items() if name in listed)
    return found[0][1] if found else None


def suggest_parents(carriers: list[Row], orders: Counter[str]) -> None:
    alike: defaultdict[str, list[Row]] = defaultdict(list)
    for row in carriers:
        if stem := family(row["carrier_name"]):
            alike[stem].append(row)
    for rows in alike.values():
        if len({row["parent_id"] for row in rows}) > 1:
            largest = min(rows, key=lambda row: (-orders[row["carrier_id"]], row["carrier_id"]))
            for row in rows:
                row["suggested_parent"] = largest["carrier_name"]


def count_numbers(histories: list[History]) -> int:
    return sum(len(history.numbers) for history in histories)


def carriers_gained(histories: list[History], carriers: dict[str, Row]) -> list[Row]:
    everything = count_numbers([history for history in histories if history.status == "ported"])
    of_carrier: defaultdict[str, list[History]] = defaultdict(list)
    for history in histories:
        of_carrier[history.carrier_id].append(history)
    rows = []
    for carrier, names in carriers.items():
        theirs = of_carrier[carrier]
        spells = [spell for history in theirs for spell in history.spells]
        ported = [history for history in theirs if history.status == "ported"]
        times = sorted(history.ported_at for history in ported if history.ported_at)
        rows.append(
            {
                **{name: value for name, value in names.items() if name != "suggested_parent"},
                "orders_received": len(theirs),
                "orders_ported": len(ported),
                "numbers_ported": count_numbers(ported),
                "share_of_numbers": share(count_numbers(ported), everything),
                "first_ported_at": times[0] if times else None,
                "last_ported_at": times[-1] if times else None,
                "rejection_rate": sum(history.status == "rejected" for history in theirs) / len(theirs),
                "median_response_hours": percentile(answer_hours(spells), 0.5),
            }
        )
    rows.sort(key=lambda row: (-row["numbers_ported"], -row["orders_ported"], row["carrier_id"]))
    return [{**row, "rank": rank} for rank, row in enumerate(rows, start=1)]


def answer_hours(spells: list[Row], name: str = "response_hours") -> list[float]:
    return [spell[name] for spell in spells if not spell["is_censored"] and spell[name] is not None]


def carriers_monthly(histories: list[History], carriers: dict[str, Row], terms: Terms) -> list[Row]:
    gains: defaultdict[date, defaultdict[str, list[History]]] = defaultdict(lambda: defaultdict(list))
    for history in histories:
        if ported_on := terms.day_of(history.ported_at):
            gains[month_of(ported_on)][history.carrier_id].append(history)
    rows: list[Row] = []
    met: set[str] = set()
    for month, in_month in sorted(gains.items()):
        everything = sum(count_numbers(theirs) for theirs in in_month.values())
        for carrier, theirs in in_month.items():
            rows.append(
                {
                    "month": month,
                    "carrier_id": carrier,
                    **{name: carriers[carrier][name] for name in ("carrier_name", "parent", "parent_id")},
                    "orders_ported": len(theirs),
                    "numbers_ported": count_numbers(theirs),
                    "share_of_numbers": share(count_numbers(theirs), everything),
                    "is_new_carrier": carrier not in met and count_numbers(theirs) > 0,
                }
            )
            if count_numbers(theirs):
                met.add(carrier)
    return rows
