"""Applies the mode of `pii` to stored rows that are not read again.

Each table is rewritten in the caller's transaction, one batch of rows at a time, because updates of all rows would not
fit in memory. Masked values stay unchanged, so this may run any number of times.

With `keep`, a value of the wrong type, such as a numeric zip, is stored in `extra`. A sync with `hash` writes its hash
into the column, and so does this module.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import duckdb
import msgspec
import pyarrow as pa

from portouts.records.arrow import mask_extra, mask_methods, mask_payload
from portouts.records.inventory.fields import PERSONAL_NUMBER_FIELDS
from portouts.records.privacy import Privacy, json_text
from portouts.records.schema import METHODS, PERSONAL_FIELDS, PERSONAL_PAYLOAD_COLUMNS, TEXT
from portouts.warehouse.rows.changed_orders import note_all_orders_changed

ROWS_AT_A_TIME = 20_000
_HASH = re.compile("[0-9a-f]{32}")
_PERSONAL_TEXTS = PERSONAL_FIELDS - {"lsr"}
_PAYLOAD_TEXTS = PERSONAL_PAYLOAD_COLUMNS - {"payload__phone_numbers"}
# Table → the columns that get the hash of a value of the wrong type, which is stored in `extra`.
_RETURNED = {"portouts": _PERSONAL_TEXTS, "portout_events": _PAYLOAD_TEXTS}
Change = Callable[[str], str | None]


@dataclass(frozen=True)
class Masked:
    """How many readable values of a column were masked."""

    table: str
    column: str
    values: int


@dataclass(frozen=True)
class PrivacyOfStoredRows(Privacy):
    """Masks stored values, some of which are masked already."""

    def mask(self, value: object) -> object:
        """Replace one personal value, unless it is a hash."""
        return value if self.pii == "hash" and _is_hash(value) else super().mask(value)

    def mask_name(self, name: str) -> str:
        """Mask the name of a field, unless it is a hash."""
        return "" if self.pii == "drop" and _is_hash(name) else super().mask_name(name)


def mask_stored(connection: duckdb.DuckDBPyConnection, privacy: Privacy) -> list[Masked]:
    """Mask all values in `raw` that must not be readable, in the caller's transaction; return their counts."""
    if privacy.pii == "keep":
        return []
    held = PrivacyOfStoredRows(privacy.pii, privacy.salt)
    masked = [found for table, changes in _changes(held).items() for found in _mask(connection, table, changes, held)]
    if masked:
        note_all_orders_changed(connection)
    return masked


def _changes(held: Privacy) -> Mapping[str, Mapping[str, Change]]:
    """Return table → column with personal data → the function that masks a value."""

    def text(value: str) -> str | None:
        masked = held.mask(value)
        return masked if isinstance(masked, str) else None

    def json(change: Callable[[object], object]) -> Change:
        return lambda value: None if (changed := change(_read(value))) is None else json_text(changed)

    def methods(value: object) -> object:
        return mask_methods([_without_hash(part) for part in value] if isinstance(value, list) else value, held)

    def _without_hash(part: object) -> object:
        return None if held.pii == "drop" and _is_hash(part) else part

    def extra(value: str) -> str | None:
        read = _read(value)
        return json_text(mask_extra(read, held), "sorted") if isinstance(read, dict) else None

    return {
        "portouts": {**dict.fromkeys(sorted(_PERSONAL_TEXTS), text), "lsr": json(held.mask), "extra": extra},
        "portout_phone_numbers": {"phone_number": text},
        "portout_observations": {"reason": text},
        "phone_numbers": dict.fromkeys(sorted(PERSONAL_NUMBER_FIELDS), text),
        "phone_number_observations": {"customer_reference": text, "tags": text},
        "answers": {"reason": text},
        "portout_events": {
            **dict.fromkeys(sorted(_PAYLOAD_TEXTS), text),
            "payload": json(lambda value: mask_payload(value, held)),
            "payload__phone_numbers": json(held.mask),
            METHODS: json(methods),
            "extra": extra,
        },
    }


def _mask(
    connection: duckdb.DuckDBPyConnection, table: str, changes: Mapping[str, Change], held: Privacy
) -> list[Masked]:
    """Rewrite a table, unless all its values are masked already."""
    columns = _columns(connection, table)
    changes = {name: change for name, change in changes.items() if name in columns}
    if not changes:
        return []
    readable: Counter[str] = Counter()
    _create_like(connection, table, new := f"masked_{table}")
    for batch in connection.cursor().sql(f"from raw.{table}").to_arrow_reader(ROWS_AT_A_TIME):
        rows = pa.Table.from_batches([batch])
        if "extra" in columns:
            rows = _with_values_of_extra(rows, _RETURNED.get(table, frozenset()) & columns, held, readable)
        for name, change in changes.items():
            rows = _changed(rows, name, change, readable)
        connection.register("masked_rows", rows)
        connection.execute(f"insert into raw.{new} by name from masked_rows")
        connection.unregister("masked_rows")
    if readable:
        connection.execute(f"drop table raw.{table}")
        connection.execute(f"alter table raw.{new} rename to {table}")
    else:
        connection.execute(f"drop table raw.{new}")
    return [Masked(f"raw.{table}", name, readable[name]) for name in sorted(readable)]


def _changed(rows: pa.Table, name: str, change: Change, readable: Counter[str]) -> pa.Table:
    """Replace the values of a column, and count those that change."""
    before = rows[name].to_pylist()
    becomes = {value: change(value) for value in set(before) if value is not None}
    if all(value == new for value, new in becomes.items()):
        return rows
    readable[name] += sum(value is not None and becomes[value] != value for value in before)
    return _with_column(rows, name, [None if value is None else becomes[value] for value in before])


def _with_values_of_extra(rows: pa.Table, names: Iterable[str], held: Privacy, readable: Counter[str]) -> pa.Table:
    """Mask the values of these fields in `extra`, where the wrong type put them, and move them to their columns."""
    extras, columns = rows["extra"].to_pylist(), dict[str, list[str | None]]()
    for position, extra in enumerate(extras):
        read = _read(extra) if extra else None
        if not isinstance(read, dict) or not (found := read.keys() & set(names)):
            continue
        for name in found:
            masked = held.mask(read.pop(name))
            values = columns.setdefault(name, rows[name].to_pylist())
            values[position] = masked if isinstance(masked, str) else values[position]
            readable["extra"] += 1
        extras[position] = json_text(read, "sorted") if read else None
    for name, values in columns.items():
        rows = _with_column(rows, name, values)
    return _with_column(rows, "extra", extras) if columns else rows


def _with_column(rows: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, pa.array(values, TEXT))


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """Return the column names of a table; a missing table has none."""
    query = "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = ?"
    return {
        name for (name,) in connection.execute(f"{query} and database_name = current_database()", [table]).fetchall()
    }


def _create_like(connection: duckdb.DuckDBPyConnection, table: str, new: str) -> None:
    """Create an empty table with the columns, constraints and comments of another one."""
    described = "database_name = current_database() and schema_name = 'raw' and table_name = ?"
    [(definition, comment)] = connection.execute(
        f"select sql, comment from duckdb_tables() where {described}",  # noqa: S608 - our own text
        [table],
    ).fetchall()
    columns = connection.execute(
        f"select column_name, comment from duckdb_columns() where {described} and comment is not null",  # noqa: S608 - our own text
        [table],
    ).fetchall()
    connection.execute(definition.replace(f" raw.{table}(", f" raw.{new}(", 1))
    comments = [(f"column raw.{new}.{name}", text) for name, text in columns]
    for what, text in [(f"table raw.{new}", comment), *comments] if comment else comments:
        quoted_text = text.replace("'", "''")
        connection.execute(f"comment on {what} is '{quoted_text}'")


def _read(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
