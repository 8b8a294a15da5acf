"""Reads the body of an answer: `{"data": ..., "meta": {...}}`; lists carry `meta`, single objects do not.

An answer counts only when it parses and `data` has the kind that was asked for. An HTML page, cut-off JSON or
`data: null` behind a 200 is a failure, never zero rows. Where a row is not as documented, the whole page is read as
dicts; where a page is not quite JSON, what can be read is read, and what was wrong is named.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from portouts.telnyx.bodies import InvalidNumber, UnreadableBody, as_text, mend, read_json

JsonObject = dict[str, Any]
NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# Larger numbers count nothing, and are not exact as floats.
_LARGEST_COUNT = 2**53
_COUNT = re.compile(r"\s*([0-9]{1,16})(\.0*)?\s*")
_LONGEST_QUOTE = 10
_KINDS = {type(None): "missing or null", dict: "an object", list: "a list", str: "a text"}


@dataclass(frozen=True)
class Page:
    """One page of a list, and what its `meta` says of the whole list."""

    rows: list[Any]
    """Structs if every row is as documented; else dicts, and whatever else stands in the list."""
    total: int | None = None
    """How many rows the list holds; None where the API does not count."""
    size: int | None = None
    """How many rows a page holds; None where the API does not say."""
    uncounted: str | None = None
    """What stands in place of a count, for a message; None where there is a count."""
    mended: tuple[str, ...] = ()
    """What was wrong with the JSON, by row."""


def parse_page(body: bytes, charset: str | None = None, *, row_type: type[msgspec.Struct] | None = None) -> Page:
    """Read a list whose rows are of this type, or else dicts; raises `UnreadableBody`."""
    types: list[Any] = [list[row_type]] if row_type else []  # type: ignore[valid-type]  # a type made at run time
    for data_type in (*types, list[JsonObject]):
        with suppress(*NOT_JSON):
            envelope = _decoder(data_type).decode(body)
            return _page(envelope.data, envelope.meta)
    fields = _read_envelope(body, charset)
    rows, meta = fields.get("data"), _mended_meta(fields.get("meta"))
    if rows is None and _whole_number(meta.get("total_results")) == 0:
        rows = []  # some languages write an empty list so, or leave it out
    if not isinstance(rows, list):
        raise _of_wrong_kind(fields, "a list")
    return _page(rows, meta, _mended_rows(rows))


def parse_object(body: bytes, charset: str | None = None) -> JsonObject:
    """Read a single object; raises `UnreadableBody`."""
    with suppress(*NOT_JSON):
        row: JsonObject = _decoder(JsonObject).decode(body).data
        return row
    fields = _read_envelope(body, charset)
    found = fields.get("data")
    if not isinstance(found, dict):
        raise _of_wrong_kind(fields, "an object")
    mend(found)
    return found


def is_json(body: bytes) -> bool:
    """Return whether a body parses as JSON."""
    with suppress(*NOT_JSON):
        msgspec.json.decode(body)
        return True
    return False


@cache
def _decoder(data_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("data", data_type), ("meta", Any, None)]))


def _page(rows: list[Any], meta: object, mended: tuple[str, ...] = ()) -> Page:
    known = meta if isinstance(meta, dict) else {}
    total, size = (_whole_number(known.get(name)) for name in ("total_results", "page_size"))
    return Page(rows, total, size, _quote_total(known) if total is None else None, mended)


def _read_envelope(body: bytes, charset: str | None) -> JsonObject:
    try:
        found = read_json(body, charset)
    except UnreadableBody as error:
        raise UnreadableBody(f"an answer that is no whole JSON ({error})", is_complete=error.is_complete) from None
    except RecursionError:
        raise UnreadableBody("an answer that is nested too deep") from None
    return found if isinstance(found, dict) else {}


def _of_wrong_kind(fields: JsonObject, wanted: str) -> UnreadableBody:
    kind = _KINDS.get(type(fields.get("data")), "a number or a boolean")
    message = f"a 2xx answer whose `data` is {kind}, not {wanted}"
    return UnreadableBody(message, is_complete=fields.keys() >= {"data", "meta"})


def _mended_meta(meta: object) -> JsonObject:
    if not isinstance(meta, dict):
        return {}
    mend(meta)
    return meta | {name: value.text for name, value in meta.items() if isinstance(value, InvalidNumber)}


def _mended_rows(rows: list[Any]) -> tuple[str, ...]:
    """Mend the rows in place; return what was wrong, by row."""
    wrong = [(position, row, mend(row)) for position, row in enumerate(rows, 1) if isinstance(row, dict | list)]
    return tuple(f"row {position}{_id_in(row)}: {what}" for position, row, found in wrong for what in found)


def _id_in(row: object) -> str:
    return f" (id {row['id']})" if isinstance(row, dict) and isinstance(row.get("id"), str) else ""


def _whole_number(number: object) -> int | None:
    """Read a count as the API may write it: 7, 7.0 or "7"; None if it is none."""
    if isinstance(number, str) and (digits := _COUNT.fullmatch(number)):
        return int(digits[1])
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= _LARGEST_COUNT:
        return None
    return int(number) if number == int(number) else None


def _quote_total(meta: JsonObject) -> str:
    if "total_results" not in meta:
        return "missing"
    total = meta["total_results"]
    if isinstance(total, dict | list) or (isinstance(total, str) and len(total) > _LONGEST_QUOTE):
        return _KINDS[type(total)]  # which may hold anything, also personal data
    return json.dumps(total, default=as_text)
