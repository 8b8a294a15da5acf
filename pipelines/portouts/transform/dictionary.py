"""Write `docs/marts.md`: every mart with its comments, and questions with the SQL that answers them.

    python -m portouts.transform.dictionary > docs/marts.md

What it says of marts are the comments that their SQL files put into the database, so it asks a database: the models,
built in memory on raw tables without rows. A question is a file of `sql/questions`: the question, `-- mart:` and the
marts that it reads, then the SQL. The surprise: the order of the page is that of the questions. A mart's place in its
section, and its own question, come from the first question that names it first.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from portouts.records.arrow import events_table, orders_table
from portouts.records.phone_numbers import phone_numbers_table
from portouts.records.schema import INSTANT
from portouts.records.versions import observations_table, ported_ranges_table
from portouts.transform.build import ModelInputs, build_models
from portouts.warehouse.metadata import create_books
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "python -m portouts.transform.dictionary > docs/marts.md"
_ANY_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
_LAST = 1_000  # where a mart goes that no question names first

# Prefix → the title of its section and what its marts are; the sections in this order.
SECTIONS = {
    "rpt_": ("Reports", "Lists to act on, and what vouches for them."),
    "agg_": ("Aggregates", "Counted already: one small table for one subject."),
    "fct_": ("Facts", "One row per thing that happened, to count what no aggregate counts."),
    "dim_": ("Dimensions", "Days and carriers, to join with."),
}

OPENING = f"""\
# The marts

<!-- Written by `{COMMAND}` from the comments in sql/marts and the files of sql/questions. -->

What every mart and column means, and what to ask of it. The questions are in `sql/questions`, and each of them runs in
the tests. What was ambiguous, and what was chosen, is in [decisions/metrics.md](decisions/metrics.md).

**Open** the published file read-only: `duckdb -readonly data/portouts.duckdb`, in Python `portouts.connect()` (or
`portouts.mart("agg_portouts_daily")` for a DataFrame), or with anything else that speaks DuckDB. Each sync puts a new
file in its place; open it anew to see what is new.

**Times.** Columns of type `timestamptz` (`…_at`, `as_of`) are instants in UTC. DuckDB's shell shows them in the time
zone of your machine unless you say `set timezone = 'UTC'`. Columns of type `date` (`…_on`, `day`, `week`, `month`) are
days of the reporting time zone: setting `time_zone`, UTC by default. Only `foc_on`, `first_foc_on`, `requested_foc_on`
and the days counted from them are days of the place of the number.

**Now** is `as_of`, the instant of the last sync, and no clock is asked: what is open, overdue or 24 hours old is so at
`as_of`. It is `max(as_of)` of rpt_sync; its day is `max(day)` of dim_days, unless a row is a little younger.

**Hours.** `hours` and `…_hours` are hours of the clock, with fractions; `…_business_hours` count only Monday to Friday,
08:00 to 17:00 on the clock where the number is, without the holidays of its country. Shares and rates run from 0 to 1.
`p50`, `p90` and `p95` are percentiles, interpolated.

**Censored.** A request that was canceled, was rejected without our doing, or still waits has not been answered: how
long an answer would have taken is not known, only that it would have taken longer. Percentiles leave such spells out,
and so look better than the truth where many wait. agg_response_survival and `median_hours_censored` (Kaplan-Meier)
count them for as long as they waited.

**Orders and numbers.** `orders_…` count orders, `numbers_…` the numbers in them; a number in two orders counts twice.
"""


@dataclass(frozen=True)
class Column:
    """A column, its type as SQL writes it, and its comment."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Mart:
    """A table or view of schema marts with its comments."""

    name: str
    comment: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Question:
    """A file of `sql/questions`; under the first of its marts it is shown in full."""

    text: str
    marts: tuple[str, ...]
    sql: str


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """Build the models in memory, on raw tables as they are loaded but without rows."""
    connection = duckdb.connect()
    connection.execute("create schema raw")
    for name, table in _empty_raw_tables().items():
        connection.from_arrow(table).create(f"raw.{name}")
    create_books(connection)
    build_models(connection, ModelInputs(as_of=_ANY_INSTANT))
    return connection


def _empty_raw_tables() -> dict[str, pa.Table]:
    """Ask the loader's own functions for tables without rows, so that they have the loader's columns."""
    orders = orders_table([])
    return {
        "portouts": orders.drop_columns(["phone_numbers"]).append_column("deleted_at", pa.nulls(0, INSTANT)),
        "portout_phone_numbers": phone_numbers_table(orders).drop_columns(["is_gone"]),
        "portout_events": events_table([]),
        "portout_observations": observations_table([orders], _ANY_INSTANT, "no sync"),
        "portout_ported_ranges": ported_ranges_table([], _ANY_INSTANT, _ANY_INSTANT, _ANY_INSTANT),
    }


def read_marts(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """Read every mart and its comments; a missing comment is empty."""
    marts = connection.execute("""
        select table_name, coalesce(comment, '') from duckdb_tables() where schema_name = 'marts'
        union all
        select view_name, coalesce(comment, '') from duckdb_views() where schema_name = 'marts'
        order by 1
    """).fetchall()
    columns = connection.execute("""
        select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()
        where schema_name = 'marts' order by table_name, column_index
    """).fetchall()
    return [
        Mart(name, comment, tuple(Column(*column) for mart, *column in columns if mart == name))
        for name, comment in marts
    ]


def read_questions(folder: Path | None = None) -> list[Question]:
    """Read the questions in the order of their files; folder is `sql/questions` unless given."""
    return [_question(path) for path in sorted((folder or sql_folder() / "questions").glob("*.sql"))]


def _question(path: Path) -> Question:
    """Read one question; raises ValueError, naming the file, unless its first two lines are as they must be."""
    text, marts, sql = [*path.read_text(encoding="utf-8").split("\n", 2), "", ""][:3]
    if not re.fullmatch(r"-- [A-Z].*\?", text) or not re.fullmatch(r"-- mart: \w+(, \w+)*", marts):
        raise ValueError(f"{path.name} does not begin with the lines `-- <question>?` and `-- mart: <mart>[, <mart>]`")
    return Question(text.removeprefix("-- "), tuple(marts.removeprefix("-- mart: ").split(", ")), sql.strip())


def write_dictionary(marts: list[Mart], questions: list[Question]) -> str:
    """Write the page, in Markdown."""
    asked = [question.marts[0] for question in questions]
    ordered = sorted(marts, key=lambda mart: asked.index(mart.name) if mart.name in asked else _LAST)
    sections = [
        (title, meaning, [mart for mart in ordered if mart.name.startswith(prefix)])
        for prefix, (title, meaning) in SECTIONS.items()
    ]
    parts = [OPENING, "## Contents\n"]
    parts += [_contents(title, inside) for title, _, inside in sections]
    parts += ["## Questions\n", *(f"- {_link(question.text)}" for question in questions), ""]
    for title, meaning, inside in sections:
        parts += [f"## {title}\n", f"{meaning}\n", *(_chapter(mart, questions) for mart in inside)]
    return _with_links("\n".join(parts).rstrip() + "\n", [mart.name for mart in marts])


def _contents(title: str, marts: list[Mart]) -> str:
    rows = [f"| {_link(mart.name)} | {_cell(_grain(mart))} |" for mart in marts]
    return "\n".join([f"| {_link(title)} | |", "|---|---|", *rows, ""])


def _grain(mart: Mart) -> str:
    """Take the first sentence of a mart's comment, or the half of it before a colon."""
    return re.split(r"(?<=\.) |: ", mart.comment, maxsplit=1)[0].rstrip(".")


def _chapter(mart: Mart, questions: list[Question]) -> str:
    columns = [f"| `{column.name}` | {_type(column)} | {_cell(column.comment)} |" for column in mart.columns]
    own = [question for question in questions if question.marts[0] == mart.name]
    others = [_link(question.text) for question in questions if mart.name in question.marts[1:]]
    parts = [f"### {mart.name}\n", f"{mart.comment}\n", "| column | type | meaning |", "|---|---|---|", *columns, ""]
    parts += [f"#### {question.text}\n\n```sql\n{question.sql}\n```\n" for question in own]
    parts += [f"Also read by: {' '.join(others)}\n"] if others else []
    return "\n".join(parts)


def _type(column: Column) -> str:
    return "timestamptz" if column.type == "TIMESTAMP WITH TIME ZONE" else column.type.lower()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def anchor(heading: str) -> str:
    """Name the place of a heading as GitHub does: lower case, no punctuation, hyphens for blanks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _link(heading: str) -> str:
    return f"[{heading}](#{anchor(heading)})"


def _with_links(page: str, names: list[str]) -> str:
    """Link the marts that the text mentions, but not in code, in headings and where there is a link already."""
    mention = re.compile(rf"\b({'|'.join(names)})\b")
    parts = re.split(r"(^```.*?^```$|^#.*?$|`.*?`|\[.*?\]\(.*?\))", page, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if index % 2 else mention.sub(r"[\1](#\1)", part) for index, part in enumerate(parts))


if __name__ == "__main__":
    with empty_warehouse() as warehouse:
        sys.stdout.write(write_dictionary(read_marts(warehouse), read_questions()))
