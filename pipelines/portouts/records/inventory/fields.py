"""The fields of a number that are kept, with the Arrow type of each; other fields of the API are not decoded into rows.

The tags of a number are a JSON array in one text. The surprise: `external_pin` guards port-outs, so no table has it. It
becomes the boolean `has_pin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

from portouts.records.schema import INSTANT, TEXT

NUMBER_FIELDS: Mapping[str, pa.DataType] = {
    "id": TEXT,
    "phone_number": TEXT,
    "status": TEXT,
    "phone_number_type": TEXT,
    "country_iso_alpha2": TEXT,
    "customer_reference": TEXT,
    "connection_id": TEXT,
    "billing_group_id": TEXT,
    "tags": TEXT,
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "purchased_at": INSTANT,
    "activated_at": INSTANT,
}
PIN = "external_pin"
# What people write, and what identifies a line; both are masked as `pii` asks for.
PERSONAL_NUMBER_FIELDS = frozenset({"phone_number", "customer_reference", "tags"})

Number = msgspec.defstruct("Number", [(name, Any, None) for name in (*NUMBER_FIELDS, PIN)], gc=False)

RAW_NUMBERS = pa.schema([*NUMBER_FIELDS.items(), ("has_pin", pa.bool_()), ("missing_since", INSTANT)])
RAW_OBSERVATIONS = pa.schema(
    [
        ("phone_number_id", TEXT),
        ("seen_at", INSTANT),
        ("is_listed", pa.bool_()),
        *((name, NUMBER_FIELDS[name]) for name in ("status", "customer_reference", "connection_id")),
        ("billing_group_id", TEXT),
        ("tags", TEXT),
        ("has_pin", pa.bool_()),
        ("updated_at", INSTANT),
        ("sync_id", TEXT),
    ]
)
RAW_COUNTS = pa.schema([("status", TEXT), ("counted_at", INSTANT), ("numbers", pa.int64()), ("sync_id", TEXT)])
RAW_LISTS = pa.schema([("read_at", INSTANT), ("numbers", pa.int64()), ("is_proven", pa.bool_()), ("sync_id", TEXT)])
# Table of `raw` → its columns. Without the setting `inventory`, a warehouse has none of them.
RAW_TABLES: Mapping[str, pa.Schema] = {
    "phone_numbers": RAW_NUMBERS,
    "phone_number_observations": RAW_OBSERVATIONS,
    "phone_number_counts": RAW_COUNTS,
    "phone_number_lists": RAW_LISTS,
}
