"""The rows of a page before they become a table: which have an id, how ids are compared, how payloads are split.

A UUID is the same id in any letter case, and we keep it in lower case. Only the usual form counts as a UUID, 36
characters with hyphens. Any other id is compared as it is. A row without an id can be neither merged nor looked up: it
is counted and not loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.pins import remove_pins
from portouts.records.privacy import json_text
from portouts.records.schema import HAS_PIN, ID_FIELDS, PAYLOAD_COLUMNS, PAYLOAD_FIELDS, PAYLOAD_NAMES, PIN_FIELD, TEXT

Strange = dict[str, Any]
"""A row that is not as documented, or stands on a page with such a row."""
Row = Strange | msgspec.Struct

UUID = r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
_IS_UUID = re.compile(UUID.strip("^$"))


class UnusableRow(NamedTuple):
    """A row without an id: it can be neither merged nor looked up, so it is counted and not loaded."""

    fingerprint: str
    """Replaces the id where rows are counted: a hash of the content, and a number among rows of equal content."""
    status: str | None
    description: str
    """Where the row stands and what it lacks, for a message."""


def separate_unusable(rows: Sequence[Any], where: str) -> tuple[list[Row], list[UnusableRow]]:
    """Separate rows that can be loaded from rows without an id; a whole number is read as an id."""
    usable: list[Row] = []
    unusable: list[UnusableRow] = []
    seen: dict[str, int] = {}
    for position, row in enumerate(rows):
        if has_id(row):
            usable.append(row)
            continue
        is_object = isinstance(row, dict | msgspec.Struct)
        fields = msgspec.structs.asdict(row) if isinstance(row, msgspec.Struct) else row if is_object else {"row": row}
        known = {name: value for name, value in fields.items() if value is not None}
        content = hashlib.sha256(json_text(known, "sorted").encode()).hexdigest()[:32]
        seen[content] = seen.get(content, 0) + 1
        key = f" (support_key {fields['support_key']})" if isinstance(fields.get("support_key"), str) else ""
        lacks = "has no id" if is_object else "is no object"
        said = f"{where}: row {position + 1}{key} {lacks}"
        unusable.append(
            UnusableRow(
                f"no id: {content} {seen[content]}",
                status if isinstance(status := fields.get("status"), str) else None,
                said,
            )
        )
    return usable, unusable


def has_id(row: Any) -> bool:
    """Return whether a row has an id; an id that is a whole number becomes a text, in place."""
    if not isinstance(row, dict):
        return bool(getattr(row, "id", None))
    if type(row.get("id")) is int:
        row["id"] = str(row["id"])
    return isinstance(row.get("id"), str) and row["id"] != ""


def ids_of(rows: Sequence[Row]) -> list[str]:
    """List the ids of rows that all have one, in the form in which ids are compared."""
    ids = [row["id"] if isinstance(row, dict) else row.id for row in rows]  # type: ignore[attr-defined]  # made at run time
    return canonical_ids(ids)


def canonical_id(row_id: str) -> str:
    """Write a UUID in lower case."""
    return row_id.lower() if _IS_UUID.fullmatch(row_id) else row_id


def canonical_ids(ids: Iterable[str]) -> list[str]:
    """Write all UUIDs among these ids in lower case."""
    ids = list(ids)
    text = "".join(ids)
    return ids if text == text.lower() else [canonical_id(row_id) for row_id in ids]  # nearly always at once


def canonical_column(ids: pa.Array) -> pa.Array:
    """Write all UUIDs of a column in lower case."""
    lower = pc.utf8_lower(ids)
    return ids if lower.equals(ids) else pc.if_else(pc.match_substring_regex(ids, UUID), lower, ids)


def spellings(row_id: str) -> list[str]:
    """List the forms in which to request this id: as we keep it, then in upper case if the API may know only that."""
    return [row_id, row_id.upper()] if _IS_UUID.fullmatch(row_id) and row_id != row_id.upper() else [row_id]


def split_payloads(
    event_types: Sequence[Any], order_ids: Sequence[Any], payloads: Sequence[Any]
) -> dict[str, Sequence[Any]]:
    """Make columns of payloads. A payload that these do not hold exactly is kept whole as well, without its PINs.

    Payloads with the same fields are split together, since that halves what the columns cost.
    """
    known = (PAYLOAD_NAMES, HAS_PIN, *PAYLOAD_COLUMNS)
    columns: dict[str, list[Any]] = {name: [None] * len(payloads) for name in known}
    alike: dict[tuple[str, ...], list[int]] = {}
    for position, (event_type, payload) in enumerate(zip(event_types, payloads, strict=True)):
        if isinstance(payload, dict) and PIN_FIELD in payload:
            columns[HAS_PIN][position] = payload[PIN_FIELD] not in (None, "")
        remove_pins(payload)
        if isinstance(payload, dict) and isinstance(event_type, str):
            alike.setdefault((event_type, *payload), []).append(position)
    whole = list(payloads)
    for (event_type, *names), positions in alike.items():
        fields = PAYLOAD_FIELDS.get(event_type, {})
        unfit = set() if fields.keys() >= set(names) else set(positions)
        for name in fields.keys() & names:
            values = [payloads[position][name] for position in positions]
            unfit |= _unfit(fields[name], name, positions, values)
            if name in ID_FIELDS:
                values = _other_ids(values, [order_ids[position] for position in positions])
            column = columns[f"payload__{name}"]
            for position, value in zip(positions, values, strict=True):
                column[position] = value
        for position in set(positions) - unfit:
            columns[PAYLOAD_NAMES][position], whole[position] = ",".join(names), None
    return columns | {"payload": whole}


def _unfit(kind: object, name: str, positions: Iterable[int], values: Sequence[object]) -> set[int]:
    """Return the positions of values that a column of this kind cannot hold."""
    fitting = {str} if name in ID_FIELDS else {str, type(None)}
    if kind != TEXT or fitting.issuperset(map(type, values)):
        return set()
    return {position for position, value in zip(positions, values, strict=True) if type(value) not in fitting}


def _other_ids(ids: Iterable[Any], order_ids: Iterable[object]) -> list[Any]:
    """Replace the order's own id, as it is stored, by null."""
    return [
        None if isinstance(id_, str) and id_ == order_id == id_.lower() else id_
        for id_, order_id in zip(ids, order_ids, strict=True)
    ]
