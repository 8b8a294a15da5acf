"""Describes rows that a sync cannot fully understand: impossible dates, dates outside their range, rows without an id.

A note shows ids, names of fields and wrong dates. Any other text may be personal, so a note shows its length only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.schema import DATE_FIELDS

MOST_NAMED = 5
_NAMES_A_DATE_FIELD = f'"(?:{"|".join(sorted(DATE_FIELDS))})":'
_SHOWN = re.compile(r"[0-9TtZz:+., /-]{0,40}|[A-Za-z]{1,10}|invalid date", re.IGNORECASE)
# A row without this date belongs to no range of the API.
_PLACED_BY = {"orders": "inserted_at", "events": "created_at"}


@dataclass
class OddRows:
    """The odd rows of one sync, each named once however often it was read."""

    dates: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """By kind of row and field: the value as shown, by the row's id."""
    misplaced: dict[str, str] = field(default_factory=dict)
    mended: dict[str, None] = field(default_factory=dict)

    def see_misplaced(self, said: Iterable[str]) -> None:
        """Add the sentences about rows with a date outside the range that they were answered for."""
        self.misplaced |= {one.partition(" ")[0]: one for one in said}

    def see_mended(self, said: Iterable[str]) -> None:
        """Add what was wrong with the JSON of rows."""
        self.mended |= dict.fromkeys(said)

    def see_dates(self, kind: str, table: pa.Table) -> None:
        """Add the dates of orders or events that no column could hold, and rows without the date that places them."""
        placed_by = _PLACED_BY[kind]
        is_odd = pc.fill_null(pc.match_substring_regex(table["extra"], _NAMES_A_DATE_FIELD), fill_value=False)
        odd = table.filter(pc.or_(is_odd, pc.is_null(table[placed_by])))
        for row in odd.select(["id", "extra", placed_by]).to_pylist():
            extra = msgspec.json.decode(row["extra"] or "{}")
            found = {name: _shown(value) for name, value in extra.items() if name in DATE_FIELDS}
            if row[placed_by] is None:
                found.setdefault(placed_by, "null")
            for name, value in found.items():
                self.dates.setdefault((kind, name), {})[row["id"]] = value

    def notes(self) -> list[str]:
        """Return one line for each kind of oddity."""
        lines = [_dates_note(kind, name, rows) for (kind, name), rows in sorted(self.dates.items())]
        if self.misplaced:
            lines.append(f"{_listed(self.misplaced.values())} Kept as sent.")
        if self.mended:
            lines.append(
                f"{len(self.mended)} faults in the JSON of rows, which were read all the same: {_listed(self.mended)}"
            )
        return lines


def unusable_notes(unusable: Mapping[str, str]) -> list[str]:
    """Return one line about the rows that were left out, if any."""
    if not unusable:
        return []
    rows = "1 row was" if len(unusable) == 1 else f"{len(unusable)} rows were"
    reason = "counted and left out, since a row without an id can be neither merged nor looked up"
    return [f"{rows} {reason}: {_listed(unusable.values())}"]


def _dates_note(kind: str, name: str, rows: Mapping[str, str]) -> str:
    lost = f", and {'counts' if len(rows) == 1 else 'count'} on no day" if name == _PLACED_BY[kind] else ""
    table = "raw.portout_events" if kind == "events" else "raw.portouts"
    kept = "" if set(rows.values()) == {"null"} else f" What was sent stands in the column extra of {table}."
    named = _listed(f"{id_} ({value})" for id_, value in rows.items())
    who = f"1 {kind.removesuffix('s')} has" if len(rows) == 1 else f"{len(rows)} {kind} have"
    return f"{who} no possible date in {name}{lost}: {named}{kept}"


def _listed(said: Iterable[str]) -> str:
    said = list(said)
    more = f"; and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
    return f"{'; '.join(said[:MOST_NAMED])}{more}."


def _shown(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value) if _SHOWN.fullmatch(value) else f"a text of {len(value)} characters"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value) if value is not None else "not kept"
