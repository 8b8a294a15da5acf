"""Turns the rows of a page into Arrow: every known field in its column, everything else in `extra`.

Orders and events arrive as JSON objects in which any field may be null, absent, new, or of another type than yesterday.
Each known field has one Arrow type. A value that does not fit leaves null in its column and stands verbatim in `extra`,
a JSON object, beside the unknown fields.

Rows come in two forms. A page whose rows are all as documented is decoded into `Order` or `Event`, in a third of the
time. Any other page comes as dicts, and no field of a dict is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.pins import may_mention_pin, text_without_pins
from portouts.records.privacy import KEEP, Privacy, is_plain_word, json_text
from portouts.records.rows import Row, Strange, canonical_column, split_payloads
from portouts.records.schema import (
    DATE,
    DATE_FIELDS,
    EVENT_FIELDS,
    FIRST_DAY,
    FIRST_INSTANT,
    FREE_TEXTS,
    HAS_PIN,
    ID_FIELDS,
    IMPERSONAL_PAYLOAD_FIELDS,
    INSTANT,
    LAST_DAY,
    LAST_INSTANT,
    METHODS,
    NUMBERS,
    ORDER_FIELDS,
    PAYLOAD_COLUMNS,
    PAYLOAD_NAMES,
    PERSONAL_FIELDS,
    PERSONAL_PAYLOAD_COLUMNS,
    TEXT,
    is_date_like,
)


def orders_table(rows: Sequence[Row], privacy: Privacy = KEEP) -> pa.Table:
    """Turn orders, as the API sends them, into one table with the columns of `ORDER_FIELDS` and `extra`."""
    values, extras = _columns(rows, ORDER_FIELDS)
    for name in FREE_TEXTS:
        values[name] = without_pins(values[name])
    if privacy.pii != "keep":
        for name in PERSONAL_FIELDS:
            values[name] = [privacy.mask(value) for value in values[name]]
    return _table(values, ORDER_FIELDS, extras, privacy)


def events_table(rows: Sequence[Row], privacy: Privacy = KEEP) -> pa.Table:
    """Turn events into one table: the columns of `EVENT_FIELDS`, those of their payloads, and `extra`."""
    values, extras = _columns(rows, EVENT_FIELDS)
    values |= split_payloads(values["event_type"], values["portout_id"], values["payload"])
    if privacy.pii != "keep":
        values["payload"] = [mask_payload(payload, privacy) for payload in values["payload"]]
        for name in PERSONAL_PAYLOAD_COLUMNS:
            values[name] = [privacy.mask(value) for value in values[name]]
        values[METHODS] = [mask_methods(methods, privacy) for methods in values[METHODS]]
    values |= {name: without_pins(values[name]) for name in PAYLOAD_COLUMNS}
    return _table(
        values, {**EVENT_FIELDS, PAYLOAD_NAMES: TEXT, HAS_PIN: pa.bool_(), **PAYLOAD_COLUMNS}, extras, privacy
    )


def without_pins(values: Sequence[Any]) -> Sequence[Any]:
    """Remove PINs from the texts of a column."""
    if not may_mention_pin("\n".join(value for value in values if type(value) is str)):
        return values
    return [text_without_pins(value) if type(value) is str else value for value in values]


def _columns(
    rows: Sequence[Row], fields: Mapping[str, pa.DataType | str]
) -> tuple[dict[str, Sequence[Any]], dict[int, Strange]]:
    """Return the values of each field, null if a row lacks it, and the unknown fields, by the row's position."""
    if not any(isinstance(row, dict) for row in rows):
        tuples = map(msgspec.structs.astuple, rows)  # type: ignore[arg-type]  # no row is a dict
        values = zip(*tuples, strict=True) if rows else [()] * len(fields)
        return dict(zip(fields, values, strict=True)), {}
    strange = [row if isinstance(row, dict) else msgspec.structs.asdict(row) for row in rows]
    extras = {
        position: {key: row[key] for key in row.keys() - fields.keys()}
        for position, row in enumerate(strange)
        if not row.keys() <= fields.keys()
    }
    return dict(zip(fields, _transposed(strange, tuple(fields)), strict=True)), extras


def _transposed(rows: Sequence[Strange], names: tuple[str, ...]) -> Iterable[Sequence[Any]]:
    """Return the values of each field, null if a row lacks it."""
    nothing = dict.fromkeys(names)
    complete = (row if row.keys() >= nothing.keys() else nothing | row for row in rows)
    return zip(*map(itemgetter(*names), complete), strict=True)


def _table(
    values: Mapping[str, Sequence[Any]],
    fields: Mapping[str, pa.DataType | str],
    extras: dict[int, Strange],
    privacy: Privacy,
) -> pa.Table:
    columns = {name: typed_column(name, values[name], kind, extras) for name, kind in fields.items()}
    columns |= {name: canonical_column(columns[name]) for name in ID_FIELDS & columns.keys()}
    length = len(values["id"])
    kept = [_extra(extras.get(position), privacy) for position in range(length)] if extras else [None] * length
    return pa.table(columns | {"extra": pa.array(kept, TEXT)})


def _extra(extra: Strange | None, privacy: Privacy) -> str | None:
    """Write `extra` as JSON. An unknown field may be personal, so its value is kept in the mode `keep` only."""
    if not extra:
        return None
    return json_text(extra if privacy.pii == "keep" else mask_extra(extra, privacy), "sorted")


def mask_payload(payload: object, privacy: Privacy) -> object:
    """Mask everything in a payload, except texts in fields that are documented to be impersonal."""
    if not isinstance(payload, dict):
        return None if payload is None else {}
    return {
        privacy.mask_name(name): value
        if name in IMPERSONAL_PAYLOAD_FIELDS and isinstance(value, str)
        else privacy.mask(value)
        for name, value in payload.items()
    }


def mask_methods(methods: object, privacy: Privacy) -> object:
    """Mask everything in a list of notification methods, except the names of methods."""
    parts = methods if isinstance(methods, list) else [methods]
    kept = [part if is_plain_word(part) else privacy.mask(part) for part in parts]
    return kept if isinstance(methods, list) else kept[0]


def mask_extra(extra: Mapping[str, Any], privacy: Privacy) -> dict[str, Any]:
    """Keep the names of fields. Of the values, keep only dates that no column can hold."""
    return {
        privacy.mask_name(name): value if name in DATE_FIELDS and is_date_like(value) else None
        for name, value in extra.items()
    }


def typed_column(name: str, values: Sequence[Any], kind: pa.DataType | str, extras: dict[int, Strange]) -> pa.Array:
    """Build one column at once if every value fits; else value by value, and put what does not fit into `extras`."""
    if kind == "json":
        return pa.array([None if value is None else json_text(value) for value in values], TEXT)
    try:
        return _fitting(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, OverflowError):
        coerce = _COERCIONS[str(kind)]
        kept = []
        for position, value in enumerate(values):
            fit = coerce(value)
            if (fit is None and value is not None) or (kind == NUMBERS and fit != value):
                extras.setdefault(position, {})[name] = value
            kept.append(fit)
        return pa.array(kept, TEXT if kind == "date" else kind)


def _fitting(values: Sequence[Any], kind: pa.DataType | str) -> pa.Array:
    if kind == "date":
        texts = pa.array(values, TEXT)
        _require_span(pc.cast(pc.utf8_slice_codeunits(texts, 0, 10), pa.date32()), FIRST_DAY, LAST_DAY)
        if pc.all(pc.match_substring_regex(texts, f"^(?:{DATE.pattern})$")).as_py() is False:
            raise ValueError("more than a date and a time in a column of dates")
        return texts
    if kind == INSTANT:
        instants = pc.cast(pa.array(values, TEXT), INSTANT)
        _require_span(instants, FIRST_INSTANT, LAST_INSTANT)
        return instants
    if kind == NUMBERS and any(isinstance(value, str) for value in values):
        raise ValueError("a text in place of a list of numbers, which Arrow would split into characters")
    array = pa.array(values, kind)
    if kind == pa.int64() and any(isinstance(value, float) for value in values):
        raise ValueError("a float in a column of integers")
    return array


def _require_span(values: pa.Array, first: date, last: date) -> None:
    """Raise for values outside a span, and for an instant that Arrow can hold and Python cannot."""
    lowest, highest = pc.min_max(values).as_py().values()
    if lowest is not None and (lowest < first or highest > last):
        raise ValueError("a date that cannot be")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if fits else None  # type: ignore[return-value]  # narrowed by `fits`


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def instant_of(value: object) -> datetime | None:
    """Read an instant in any form in which the API may write it; return None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        text, later = _usual_time(value)
        instant = datetime.fromisoformat(text)
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC) + later
        return instant if FIRST_INSTANT <= instant <= LAST_INSTANT else None
    except (ValueError, OverflowError):
        return None


def _usual_time(text: str) -> tuple[str, timedelta]:
    """Read 24:00 as the midnight that follows and a leap second as the second that follows, as ISO 8601 means them."""
    text = text.upper().replace(" UTC", "Z")
    if _MIDNIGHT_24.match(text):
        return f"{text[:11]}00{text[13:]}", timedelta(days=1)
    if _LEAP_SECOND.match(text):
        return f"{text[:17]}59{text[19:]}", timedelta(seconds=1)
    return text, timedelta(0)


def _date(value: object) -> str | None:
    try:
        # Python also takes 20260501 and 2026-W18-5, which no database does.
        if not isinstance(value, str) or not DATE.fullmatch(value):
            return None
        return value if FIRST_DAY <= date.fromisoformat(value[:10]) <= LAST_DAY else None
    except ValueError:
        return None


def _numbers(value: object) -> list[str | None] | None:
    """Keep each number at its position; what is neither a text nor a whole number becomes null."""
    if not isinstance(value, list):
        return None
    return [part if isinstance(part, str) else str(part) if type(part) is int else None for part in value]


_MIDNIGHT_24 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]24(?::?00){1,2}(?![:0-9])(?![.,][0-9]*[1-9])")
_LEAP_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:60(?![0-9])")
_COERCIONS: Mapping[str, Callable[[object], object]] = {
    "string": _text,
    "int64": _integer,
    "bool": _boolean,
    str(INSTANT): instant_of,
    "date": _date,
    str(NUMBERS): _numbers,
}
