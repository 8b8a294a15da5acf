"""The fields of orders and events as Telnyx documents them, with the Arrow type of each.

Each field is a column of the same name in `raw`; the value of any other field stands in the column `extra`. Each field
of an event's payload is a column `payload__<field>`. The surprise: the `phone_numbers` of an order become a table of
their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import pyarrow as pa

TEXT = pa.string()
INSTANT = pa.timestamp("us", "UTC")
NUMBERS = pa.list_(pa.string())

# `phone_numbers` stays in the orders' table until the newest version of each order is chosen (see batch.py): only then
# is it known which list of numbers counts, and which of them need a place determined, the slowest step of all.
ORDER_FIELDS: Mapping[str, pa.DataType | str] = {
    "id": TEXT,
    "record_type": TEXT,
    "status": TEXT,
    "carrier_name": TEXT,
    "spid": TEXT,
    "current_carrier": TEXT,
    "user_id": TEXT,
    "vendor": TEXT,
    "support_key": TEXT,
    "pon": TEXT,
    "authorized_name": TEXT,
    "end_user_name": TEXT,
    "service_address": TEXT,
    "city": TEXT,
    "state": TEXT,
    "zip": TEXT,
    "reason": TEXT,
    "rejection_code": pa.int64(),
    "already_ported": pa.bool_(),
    "host_messaging": pa.bool_(),
    "lsr": "json",
    "foc_date": "date",
    "requested_foc_date": "date",
    "created_at": INSTANT,
    "inserted_at": INSTANT,
    "updated_at": INSTANT,
    "phone_numbers": NUMBERS,
}
# Every table of `raw` names the account of its rows.
ACCOUNT = "account"
METHODS = "available_notification_methods"
EVENT_FIELDS: Mapping[str, pa.DataType | str] = {
    "id": TEXT,
    "event_type": TEXT,
    "portout_id": TEXT,
    "record_type": TEXT,
    "payload_status": TEXT,
    "payload": "json",
    METHODS: "json",
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
# The fields of a payload, by the type of the event. The same name means the same in each, except `id`: a comment's own.
PAYLOAD_FIELDS: Mapping[str, Mapping[str, pa.DataType | str]] = {
    "portout.status_changed": {
        "id": TEXT,
        "status": TEXT,
        "phone_numbers": "json",
        "carrier_name": TEXT,
        "spid": TEXT,
        "user_id": TEXT,
        "subscriber_name": TEXT,
        "rejection_reason": TEXT,
    },
    "portout.new_comment": {"id": TEXT, "portout_id": TEXT, "user_id": TEXT, "comment": TEXT},
    "portout.foc_date_changed": {"id": TEXT, "user_id": TEXT, "foc_date": TEXT},
}
PAYLOAD_COLUMNS: Mapping[str, pa.DataType | str] = {
    f"payload__{name}": kind for fields in PAYLOAD_FIELDS.values() for name, kind in fields.items()
}
# Names the fields that a payload had, where these columns hold all of it. Then the column `payload` is null.
PAYLOAD_NAMES = "payload_fields"
# Whether a status_changed payload shows a PIN that the gaining side attempted. The PIN itself is never kept.
HAS_PIN = "has_attempted_pin"
PIN_FIELD = "attempted_pin"
_AS_DECODED: Mapping[str, Any] = {
    str(TEXT): str | None,
    str(INSTANT): str | None,
    "date": str | None,
    str(pa.int64()): int | None,
    str(pa.bool_()): bool | None,
    str(NUMBERS): list[str] | None,
    "json": Any,
}


def _row_type(name: str, fields: Mapping[str, pa.DataType | str]) -> type[msgspec.Struct]:
    """Make the type of a row that has these fields and no others."""
    members = [(field, _AS_DECODED[str(kind)], None) for field, kind in fields.items()]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, gc=False)


Order = _row_type("Order", ORDER_FIELDS)
Event = _row_type("Event", EVENT_FIELDS)
ID_FIELDS = frozenset({"id", "portout_id"})
PERSONAL_FIELDS = frozenset(
    {"authorized_name", "end_user_name", "service_address", "city", "state", "zip", "lsr", "reason"}
)  # numbers are masked in `phone_numbers`, after their country is determined
DATE_FIELDS = frozenset(
    name for fields in (ORDER_FIELDS, EVENT_FIELDS) for name, kind in fields.items() if kind in ("date", INSTANT)
)
# People write sentences here, PINs included. Names and addresses are no sentences: there, Pin Oak is a street.
FREE_TEXTS = frozenset({"reason"})
IMPERSONAL_PAYLOAD_FIELDS = frozenset({"id", "portout_id", "status", "carrier_name", "spid", "user_id", "foc_date"})
PERSONAL_PAYLOAD_COLUMNS = PAYLOAD_COLUMNS.keys() - {f"payload__{name}" for name in IMPERSONAL_PAYLOAD_FIELDS}


# A date outside this span is a mistake: the zero time of some language, or a typing error.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
FIRST_INSTANT = datetime.combine(FIRST_DAY, time.min, UTC)
LAST_INSTANT = datetime.combine(LAST_DAY, time.max, UTC)
DATE = re.compile(
    r"[0-9]{4,6}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}(?::?[0-9]{2}){0,2}(?:[.,][0-9]{1,9})?(?: ?(?:[Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2}){0,2}))?)?"
)


def is_date_like(value: object) -> bool:
    """Return whether a value has the form of a date or an instant, even an impossible one, and so is not personal."""
    return isinstance(value, str) and DATE.fullmatch(value) is not None
