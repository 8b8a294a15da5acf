"""Makes the payload of an event again from what is stored of it."""

from __future__ import annotations

from typing import Any

import msgspec

OF_ORDERS = ("id", "portout_id")


def stored_payload(row: dict[str, Any]) -> Any:
    """Return the payload of a row of `raw.portout_events`: its text, or else the fields that `payload_fields` names."""
    if row["payload"] is not None:
        return msgspec.json.decode(row["payload"])
    if row["payload_fields"] is None:
        return None
    return {name: _field(row, name) for name in row["payload_fields"].split(",") if name}


def _field(row: dict[str, Any], name: str) -> Any:
    value = row[f"payload__{name}"]
    if name == "phone_numbers" and value is not None:
        return msgspec.json.decode(value)
    return row["portout_id"] if name in OF_ORDERS and value is None else value
