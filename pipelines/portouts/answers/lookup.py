"""Finds one order by its id or its support key.

A UUID, in any letter case, is an id. Any other text is tried as a support key first. Telnyx makes a support key from
the last six digits of the id, so two orders can have the same key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from portouts.errors import AmbiguousOrder, SettingsError, UnknownOrder
from portouts.records.rows import UUID, canonical_id, has_id, spellings
from portouts.telnyx.client import Api
from portouts.telnyx.errors import NotFound, UnaskedRows, Unprocessable
from portouts.telnyx.page import JsonObject

MOST_LISTED = 20
_KEY = re.compile(r"PO_(.+)", re.IGNORECASE)
# Fixed paths such as /portouts/events have no digit.
_OTHER_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{4,64}")


async def find_order(api: Api, reference: str) -> JsonObject:
    """Return the order with this id or support key, as the API sends it.

    Raises `UnknownOrder`, `AmbiguousOrder`, or `SettingsError` if the text is neither an id nor a support key.
    """
    wanted = reference.strip()
    if not wanted or not wanted.isprintable():
        raise SettingsError(f"ORDER {reference!r} is neither an id nor a support key, such as PO_05fe32.")
    is_id, is_key = re.fullmatch(UUID, wanted), _KEY.fullmatch(wanted)
    found = None if is_id else await _with_key(api, wanted)
    if found is None and not is_key and (is_id or _OTHER_ID.fullmatch(wanted)):
        found = await _with_id(api, wanted)
    if found is None:
        what = "id" if is_id else "support key" if is_key else "id or support key"
        raise UnknownOrder(
            f"Telnyx shows no port-out order with the {what} {wanted!r}. Compare it with `portouts pending`, and check "
            "that TELNYX_API_KEY belongs to the account that holds the order."
        )
    return found


async def _with_id(api: Api, wanted: str) -> JsonObject | None:
    for spelling in dict.fromkeys([*spellings(canonical_id(wanted)), wanted]):
        try:
            row = await api.fetch_one(f"/portouts/{quote(spelling, safe='')}")
        except (NotFound, Unprocessable):  # 422: the API does not accept this form of an id
            continue
        row["id"] = row.get("id") or wanted  # the API answered this id, so the row has it
        if not has_id(row) or canonical_id(row["id"]) != canonical_id(wanted):
            raise UnaskedRows(f"GET /portouts/{spelling} returned another order. Ask Telnyx about this order.")
        return row
    return None


async def _with_key(api: Api, wanted: str) -> JsonObject | None:
    for spelling in _spellings_of_key(wanted):
        rows = await _rows_with_key(api, spelling)
        if len(rows) > 1:
            raise AmbiguousOrder(_ambiguity(spelling, rows))
        if rows:
            return rows[0]
    return None


def _spellings_of_key(wanted: str) -> list[str]:
    """List the forms in which to request a key: as given, and as Telnyx writes it."""
    key = _KEY.fullmatch(wanted)
    return list(dict.fromkeys([wanted, f"PO_{key[1].lower()}"] if key else [wanted]))


async def _rows_with_key(api: Api, key: str) -> list[JsonObject]:
    """Fetch the orders with exactly this key; raises `UnaskedRows` if the API returns other orders."""
    params = {"filter[support_key]": key, "page[number]": "1", "page[size]": "250"}
    try:
        page = await api.fetch_list("/portouts", params)
    except Unprocessable:  # the API does not accept this form of a key
        return []
    rows = [row for row in page.rows if isinstance(row, dict) and has_id(row)]
    if any(str(row.get("support_key")).casefold() != key.casefold() for row in rows):
        raise UnaskedRows(
            f"The API returned orders with another support key than {key!r}: it does not apply filter[support_key]. "
            "Give the order's id, which `portouts pending` shows."
        )
    return [*{canonical_id(row["id"]): row for row in rows}.values()]


def _ambiguity(key: str, rows: Sequence[JsonObject]) -> str:
    more = f"\n  and {len(rows) - MOST_LISTED} more" if len(rows) > MOST_LISTED else ""
    listed = "".join(f"\n  {_shown(row)}" for row in rows[:MOST_LISTED])
    return f"{len(rows)} orders have the support key {key}. Give the id of one:{listed}{more}"


def _shown(row: JsonObject) -> str:
    """Describe an order by the fields that identify it; other texts may be long, personal or hostile."""
    parts = (row["id"], row.get("status"), row.get("inserted_at"))
    return "  ".join(_plain(part) for part in parts if part)


def _plain(value: Any) -> str:
    return "".join(character for character in str(value)[:40] if character.isascii() and character.isprintable())
