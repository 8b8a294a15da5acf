"""Reads the body of an answer: `{"data": ..., "meta": {...}}`; lists carry `meta`, single objects do not.

An answer counts only when it parses and `data` has the kind that was asked for. An HTML page, cut-off JSON or
`data: null` behind a 200 is a failure, never zero rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any, get_origin

import msgspec

from portouts.telnyx.bodies import NoValue, UnreadableBody, mend, read_json

Envelope = dict[str, Any]
JsonObject = dict[str, Any]
NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_ZEROS = frozenset({"0", "0.0"})


def parse_envelope(body: bytes, charset: str | None, types: Sequence[Any]) -> Envelope:
    """Decode an envelope whose `data` is of the first of these types that fits; if none does, read what can be read.

    Raises `UnreadableBody`.
    """
    for data_type in types:
        with suppress(*NOT_JSON):
            envelope = _decoder(data_type).decode(body)
            return {"data": envelope.data, "meta": envelope.meta}
    return _read_leniently(body, charset, is_list=get_origin(types[-1]) is list)


def _read_leniently(body: bytes, charset: str | None, *, is_list: bool) -> Envelope:
    try:
        found = read_json(body, charset)
    except UnreadableBody as error:
        raise UnreadableBody(f"an answer that is no whole JSON ({error})", is_complete=error.is_complete) from None
    except RecursionError:
        raise UnreadableBody("an answer that is nested too deep") from None
    envelope = found if isinstance(found, dict) else {}
    data, meta = envelope.get("data"), envelope.get("meta")
    if is_list and data is None and isinstance(meta, dict) and str(meta.get("total_results")) in _ZEROS:
        data = []  # some languages write an empty list so, or leave it out
    if not isinstance(data, list if is_list else dict):
        wanted = "a list" if is_list else "an object"
        is_complete = envelope.keys() >= {"data", "meta"}
        raise UnreadableBody(f"a 2xx answer whose `data` is {_kind_of(data)}, not {wanted}", is_complete=is_complete)
    return {"data": data, "meta": meta, "mended": _mended(data, meta)}


def _mended(data: Any, meta: Any) -> list[str]:
    """Mend what was read, and name what was wrong, by row."""
    if isinstance(meta, dict):
        mend(meta)
        meta |= {name: value.text for name, value in meta.items() if isinstance(value, NoValue)}
    rows = data if isinstance(data, list) else [data]
    wrong = [(position, row, mend(row)) for position, row in enumerate(rows, 1) if isinstance(row, dict | list)]
    return [f"row {position}{_id_in(row)}: {what}" for position, row, found in wrong for what in found]


def _id_in(row: object) -> str:
    return f" (id {row['id']})" if isinstance(row, dict) and isinstance(row.get("id"), str) else ""


def _kind_of(data: object) -> str:
    names = {type(None): "missing or null", dict: "an object", list: "a list", str: "a text"}
    return names.get(type(data), "a number or a boolean")


@cache
def _decoder(data_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("data", data_type), ("meta", Any, None)]))


def is_json(body: bytes) -> bool:
    """Return whether a body parses as JSON."""
    with suppress(*NOT_JSON):
        msgspec.json.decode(body)
        return True
    return False
