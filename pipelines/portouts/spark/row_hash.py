"""The hash of a row in SQL of Spark, equal to those of `publish/row_hash.py` in DuckDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable

from portouts.publish.contents import Column
from portouts.publish.row_hash import BETWEEN, DOUBLE, NULL


def hash_in_spark(columns: Iterable[Column]) -> str:
    """Return the expression for the hash of a row in a session in UTC, as a decimal, whose sum does not overflow."""
    texts = (f"coalesce({_text(column)}, char({NULL}))" for column in columns)
    digest = f"substr(md5({f' || char({BETWEEN}) || '.join(texts)}), 1, 15)"
    return f"cast(conv({digest}, 16, 10) as decimal(20, 0))"


def _text(column: Column) -> str:
    name = f"`{column.name}`"
    if column.kind == DOUBLE:
        bits = f"reflect('java.lang.Double', 'doubleToRawLongBits', coalesce({name}, 0D))"  # fails for a null
        return f"case when {name} is not null then {bits} end"
    if column.kind == "VARCHAR":
        return f"replace({name}, '\\u0000', '\\ufffd')"
    text = f"cast({name} as string)"
    return f"{text} || '+00'" if column.kind == "TIMESTAMP WITH TIME ZONE" else text
