"""The marts of a published file: their meaning, and a select for each with local times.

The surprise: local time comes from the offsets that the models use, not from DuckDB's own time zones, so that an
instant and the day of it in a mart agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import duckdb
import msgspec

from portouts.errors import NotPublished, SettingsError


class Version(msgspec.Struct):
    """The version of a published file that an export shows."""

    as_of: datetime
    time_zone: str
    time_zone_data: str | None
    is_proven: bool | None
    verdict: str | None
    """Of the last certificate; None without one."""
    verified_at: datetime | None


class Column(NamedTuple):
    """A column of a file: SQL of its values, and its header."""

    sql: str
    header: str


def grains(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return each mart, in order of name, with the first sentence of its comment: what one row is."""
    rows = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'marts' "
        "union all select view_name, comment from duckdb_views() where schema_name = 'marts' order by all"
    ).fetchall()
    return {name: (comment or "").partition(". ")[0].rstrip(".") for name, comment in rows}


def chosen_marts(connection: duckdb.DuckDBPyConnection, asked: Sequence[str]) -> list[str]:
    """Return the marts to export, all if none is asked for; raises `SettingsError` for an unknown name."""
    known = list(grains(connection))
    names = list(dict.fromkeys(name.removeprefix("marts.") for name in asked)) or known
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"--mart {unknown[0]}: there is no such mart. There are {', '.join(known) or 'none'}.")
    return names


def read_version(connection: duckdb.DuckDBPyConnection) -> Version:
    """Return what all marts of this file describe; raises `NotPublished` if no sync has finished."""
    result = connection.execute(
        """
        select
            inputs.as_of, inputs.time_zone, inputs.time_zone_data, syncs.is_proven,
            proofs.verdict, proofs.finished_at as verified_at
        from staging.model_inputs as inputs
        left join marts.rpt_sync as syncs on syncs.as_of = inputs.as_of
        left join marts.rpt_verifications as proofs on proofs.as_of = inputs.as_of
        order by syncs.finished_at desc, proofs.finished_at desc
        limit 1
        """
    )
    names, row = [name for name, *_ in result.description or ()], result.fetchone()
    if row is None:
        raise NotPublished("The file shows no finished sync. Run `portouts sync` first.")
    values = (value.astimezone(UTC) if isinstance(value, datetime) else value for value in row)
    return msgspec.convert(dict(zip(names, values, strict=True)), Version)


def local_columns(
    connection: duckdb.DuckDBPyConnection, mart: str, zone: str, of_text: Callable[[str], str] = str
) -> list[Column]:
    """Return the columns of a mart with local times, whose zone is in the header; `of_text` gives the SQL of a text."""
    relation, at_zone = connection.table(f"marts.{mart}"), _local_time(connection, zone)
    columns = []
    for name, kind in zip(relation.columns, map(str, relation.types), strict=True):
        sql = f'"{name}"'
        if kind == "TIMESTAMP WITH TIME ZONE":
            columns.append(Column(at_zone.format(f"({sql} at time zone 'UTC')"), f"{name} ({zone})"))
        else:
            columns.append(Column(of_text(sql) if kind == "VARCHAR" else sql, name))
    return columns


def select_of(mart: str, columns: Sequence[Column]) -> str:
    """Return the query of these columns."""
    selected = ", ".join(f'{column.sql} as "{column.header}"' for column in columns)
    return f"select {selected} from marts.{mart}"  # noqa: S608 - names of ours


def _local_time(connection: duckdb.DuckDBPyConnection, zone: str) -> str:
    """Return a template of SQL that turns a UTC time without zone into local time."""
    offsets = connection.execute(
        "select utc_offset_seconds, ends_at at time zone 'UTC' from staging.utc_offsets where time_zone = ? "
        "order by starts_at",
        [zone],
    ).fetchall()
    *changes, (last, _) = offsets
    cases = " ".join(f"when {{0}} < timestamp '{ends_at}' then {seconds}" for seconds, ends_at in changes)
    return f"{{0}} + to_seconds({f'case {cases} else {last} end' if cases else last})"
