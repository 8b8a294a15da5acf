"""Ids as they are compared: a UUID is the same in any letter case, and lower case is how it is kept.

Only the usual form counts as a UUID, 36 characters with hyphens. Any other id is compared as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

UUID = r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
_IS_UUID = re.compile(UUID.strip("^$"))


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
    """List the ways to ask for this id: as it is kept, and in upper case should the API know no other."""
    return [row_id, row_id.upper()] if _IS_UUID.fullmatch(row_id) and row_id != row_id.upper() else [row_id]
