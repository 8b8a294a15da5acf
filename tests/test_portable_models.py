"""Models and checks are SQL that DuckDB, PostgreSQL and Spark understand in the same way, in any session."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest
from hostile_histories import hostile_world
from mart_comparison import assert_same_rows, read_table
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.project.model import Kind
from sqlglot import exp, parse_one
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema
from translated_models import ordered_models, statements, translated

STATEMENTS = statements()
COMPUTED = [model for model in ordered_models() if model.kind is not Kind.INPUT]
EMPTY_LIST = {"read_at": World().as_of, "is_proven": True, "numbers": []}  # with it, raw has the inventory's tables

# What an engine lacks, or understands in another way, and what depends on the session or on the clock.
NOT_PORTABLE = {
    "asof": r"\basof\b",
    "epoch": r"\bepoch(_\w+)?\b",
    "exclude": r"\*\s*(exclude|replace|rename)\b|\bcolumns\s*\(",
    "arg_min": r"\b(arg_(min|max)|(min|max)_by|any_value|first|last|list|mode)\s*\(",
    "infinity": r"'[-+]?inf(inity)?'|'nan'",
    "percentile_cont": r"\b(percentile_\w+|quantile\w*|median|approx\w*)\s*\(",
    "qualify": r"\bqualify\b",
    "generate_series": r"\b(generate_series|range|unnest|lateral|explode|sequence)\b\s*\(",
    "the clock": r"\b(now|today)\s*\(|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b",
    "another time zone": r"\bat\s+time\s+zone\b(?!\s+'UTC')",
    "the session's time zone": r"\btimezone\s*\(|\b(make|to)_timestamp\w*\s*\(|\bstrptime\s*\(|\bstrftime\s*\(",
    "classes of characters": r"\\[a-zA-Z]|\[\[:|\(\?",
    "try_cast": r"\btry_cast\b|\btry\s*\(",
    "casts by colons": r"::",
    "group by all": r"\bby\s+all\b",
    "group by number": r"\b(group|order)\s+by\s+\d",
    "distinct on": r"\bdistinct\s+on\b",
    "filter": r"\bfilter\s*\(",
    "using": r"\busing\s*\(",
    "from first": r"^\s*from\b",
    "semi join": r"\b(semi|anti|positional|natural)\s+join\b",
    "integer division": r"//",
    "similar to": r"\b(similar\s+to|ilike|glob)\b",
    "intervals of days": r"\binterval\s+(\(|'?\d+'?\s+(day|week|month|year)|'\d+\s*(day|week|month|year))",
    "date differences in hours": r"\bdate_(diff|sub)\s*\(\s*'(?!day'|microsecond')",
    "a DuckDB function of intervals": r"\bto_(\w*seconds|minutes|hours|days|weeks|months|years)\b",
}
NESTED = (exp.Array, exp.Struct, exp.Bracket, exp.Lambda, exp.JSONExtract)
# What may be done to an instant without its local time.
WITHOUT_LOCAL_TIME = (
    *(
        exp.Select,
        exp.Group,
        exp.Alias,
        exp.Is,
        exp.Ordered,
        exp.Window,
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.AtTimeZone,
    ),
    *(exp.Least, exp.Greatest, exp.Lag, exp.Lead, exp.Min, exp.Max, exp.Count),
    *(exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ),
)
CLOCK_UNITS = {"HOUR", "HOURS", "MINUTE", "MINUTES", "SECOND", "SECONDS"}


EXAMPLES = {
    "asof": "from looks asof left join syncs",
    "epoch": "select epoch_us(inserted_at)",
    "exclude": "select * exclude (status)",
    "arg_min": "select arg_min(status, seen_at)",
    "infinity": "cast('-infinity' as timestamptz)",
    "percentile_cont": "percentile_cont(0.5) within group (order by hours)",
    "qualify": "qualify row_number() over (order by day) = 1",
    "generate_series": "from generate_series(1, 9)",
    "the clock": "where inserted_at < now()",
    "another time zone": "inserted_at at time zone 'America/New_York'",
    "the session's time zone": "strftime(inserted_at, '%Y')",
    "classes of characters": "regexp_matches(name, '[[:space:]]')",
    "try_cast": "try_cast(foc_date as date)",
    "casts by colons": "foc_date::date",
    "group by all": "group by all",
    "group by number": "group by 1, 2",
    "distinct on": "select distinct on (portout_id) status",
    "filter": "count(*) filter (where is_open)",
    "using": "inner join orders using (portout_id)",
    "from first": "from marts.fct_portouts",
    "semi join": "semi join orders on true",
    "integer division": "hours // 24",
    "similar to": "name ilike 'a%'",
    "intervals of days": "inserted_at + interval 7 day",
    "date differences in hours": "date_diff('hour', pending_at, responded_at)",
    "a DuckDB function of intervals": "to_days(7)",
}


def not_portable(statement: str) -> set[str]:
    return {what for what, pattern in NOT_PORTABLE.items() if re.search(pattern, statement, re.IGNORECASE)}


@pytest.mark.parametrize("what", NOT_PORTABLE)
def test_what_is_not_portable_is_found(what: str) -> None:
    assert what in not_portable(EXAMPLES[what])


@pytest.mark.parametrize("engine", ["postgres", "spark"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_translates_without_unsupported_parts(name: str, engine: str) -> None:
    statement = translated(STATEMENTS[name], engine)
    assert parse_one(statement, read=engine).find(exp.Select)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_uses_only_what_engines_share(name: str) -> None:
    assert not_portable(STATEMENTS[name]) == set()
    assert parse_one(STATEMENTS[name], read="duckdb").find(*NESTED) is None


def of_instants(select: str, schema: MappingSchema) -> list[str]:
    """List the expressions that take an instant and depend on the time zone of the session."""
    qualified = qualify(parse_one(select, read="duckdb"), schema=schema, dialect="duckdb", quote_identifiers=False)
    tree = annotate_types(qualified, schema=schema, dialect="duckdb")
    return [node.sql("duckdb") for node in tree.walk() if takes_instant(node) and not is_without_local_time(node)]


def takes_instant(node: exp.Expr) -> bool:
    operands = [node.args.get("this"), node.args.get("expression"), *(node.args.get("expressions") or [])]
    return any(isinstance(part, exp.Expr) and part.is_type("timestamptz") for part in operands)


def is_without_local_time(node: exp.Expr) -> bool:
    if isinstance(node, exp.Add):
        units = {str(interval.args["unit"]).upper() for interval in node.expression.find_all(exp.Interval)}
        return bool(units) and units <= CLOCK_UNITS
    return isinstance(node, WITHOUT_LOCAL_TIME)


@pytest.fixture(scope="module")
def schema() -> MappingSchema:
    """Describe all tables and views of a warehouse."""
    columns: dict[str, Any] = {}
    with duckdb.connect() as connection:
        create_raw(connection, World(readings=[EMPTY_LIST]))
        build_models(connection, ModelInputs(World().as_of))
        for schema, table, column, kind in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal"
        ).fetchall():
            columns.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return MappingSchema(columns, dialect="duckdb")


def test_no_statement_takes_the_local_time_of_an_instant_but_in_utc(schema: MappingSchema) -> None:
    found = {name: of_instants(statement, schema) for name, statement in STATEMENTS.items()}
    assert {name: nodes for name, nodes in found.items() if nodes} == {}


@pytest.mark.parametrize(
    "expression",
    [
        "cast(inserted_at as date)",
        "cast(inserted_at as varchar)",
        "date_trunc('month', inserted_at)",
        "date_diff('microsecond', inserted_at, updated_at)",
        "date_diff('microsecond', inserted_at at time zone 'UTC', updated_at)",
        "extract(hour from inserted_at)",
        "inserted_at + interval '1 day'",
        "concat(inserted_at)",
        "min(inserted_at) - interval '1 hour'",
    ],
)
def test_a_use_of_the_local_time_is_found(schema: MappingSchema, expression: str) -> None:
    assert of_instants(f"select {expression} as found from staging.stg_portouts as orders", schema)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_every_select_gives_the_same_rows_in_a_session_of_another_time_zone(
    connection: duckdb.DuckDBPyConnection, zone: str
) -> None:
    world = hostile_world(seed=5)
    world.readings = world.readings or [EMPTY_LIST]
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, time_zone="Asia/Kolkata"))
    connection.execute(f"set timezone = '{zone}'")
    for model in COMPUTED:
        connection.execute(f"create temp table {model.object_name} as {model.select}")
    connection.execute("set timezone = 'UTC'")
    for model in COMPUTED:
        rows = read_table(connection, f"temp.{model.object_name}")
        assert_same_rows(rows, read_table(connection, model.name), model.name, tolerance=1e-9)
