"""Applies the mode of `pii` to rows that are held and were not read again.

After `sync --full` with another mode, orders that Telnyx has deleted, their numbers, and events that it no longer lists
would stay as they were loaded. What is covered already is left as it is, so this may run any number of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import msgspec
import pyarrow as pa

from portouts.records.arrow import mask_extra, mask_methods, mask_payload
from portouts.records.privacy import Privacy, json_text
from portouts.records.schema import METHODS, PERSONAL_FIELDS, PERSONAL_PAYLOAD_COLUMNS
from portouts.warehouse.rows.changed_orders import note_all_orders_changed

ROWS_AT_A_TIME = 50_000
_HASH = re.compile("[0-9a-f]{32}")
Change = Callable[[str], str | None]


@dataclass(frozen=True)
class PrivacyOfStoredRows(Privacy):
    """The same, for values of which some are covered already."""

    def mask(self, value: object) -> object:
        """Replace one personal value, unless it is a hash."""
        return value if self.pii == "hash" and _is_hash(value) else super().mask(value)


def mask_stored(connection: duckdb.DuckDBPyConnection, privacy: Privacy) -> int:
    """Cover what is readable in `raw` and may not be; return how many values were."""
    if privacy.pii == "keep":
        return 0
    note_all_orders_changed(connection)
    held = PrivacyOfStoredRows(privacy.pii, privacy.salt)

    def text(value: str) -> str | None:
        masked = held.mask(value)
        return masked if isinstance(masked, str) else None

    def json(change: Callable[[object], object]) -> Change:
        return lambda value: None if (changed := change(_read(value))) is None else json_text(changed)

    def extra(value: str) -> str | None:
        read = _read(value)
        return json_text(mask_extra(read, held), "sorted") if isinstance(read, dict) else None

    changed = 0
    for name in sorted(PERSONAL_FIELDS - {"lsr"}):
        changed += _change(connection, "portouts", name, text)
    changed += _change(connection, "portouts", "lsr", json(held.mask))
    changed += _change(connection, "portouts", "extra", extra)
    changed += _change(connection, "answers", "reason", text)
    changed += _change(connection, "portout_phone_numbers", "phone_number", text)
    changed += _change(connection, "portout_events", "payload", json(lambda value: mask_payload(value, held)))
    changed += _change(connection, "portout_events", "payload__phone_numbers", json(held.mask))
    for name in sorted(PERSONAL_PAYLOAD_COLUMNS - {"payload__phone_numbers"}):
        changed += _change(connection, "portout_events", name, text)
    changed += _change(connection, "portout_events", METHODS, json(lambda value: mask_methods(value, held)))
    changed += _change(connection, "portout_events", "extra", extra)
    return changed


def _change(connection: duckdb.DuckDBPyConnection, table: str, column: str, change: Change) -> int:
    """Replace each distinct value of a column by what becomes of it."""
    names = f"raw.{table}", f'"{column}"'
    found = connection.cursor().execute(
        f"select distinct {names[1]} from {names[0]} where {names[1]} is not null"  # noqa: S608 - names of ours
    )
    replaced: list[tuple[str, str | None]] = []
    while rows := found.fetchmany(ROWS_AT_A_TIME):
        replaced += [(value, new) for (value,) in rows if (new := change(value)) != value]
    if replaced:
        before, after = zip(*replaced, strict=True)
        changes = pa.table({"before": pa.array(before, pa.string()), "after": pa.array(after, pa.string())})
        connection.register("changes", changes)
        connection.execute(
            f"update {names[0]} set {names[1]} = changes.after from changes where {names[1]} = changes.before"  # noqa: S608 - names of ours
        )
        connection.unregister("changes")
    return len(replaced)


def _read(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
