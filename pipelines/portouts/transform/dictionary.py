"""Write `docs/marts.md`: every mart with its comments, and questions with the SQL that answers them.

    python -m portouts.transform.dictionary > docs/marts.md

The comments come from a database, because the SQL files put them there: the models are built in memory on raw tables
without rows. A question is a file of `sql/questions`: the question, then `-- mart:` and the marts that it reads, then
the SQL. A mart's own questions are those that name it first. The surprise: the questions determine the order of the
page, because the marts of a section are sorted by their first own question. The text is in `sql/marts.md.j2`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from portouts.errors import PortoutsError
from portouts.extras import require_packages
from portouts.records.arrow import events_table, orders_table
from portouts.records.phone_numbers import phone_numbers_table
from portouts.records.schema import INSTANT
from portouts.records.versions import observations_table, ported_ranges_table
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    from jinja2 import Template

COMMAND = "python -m portouts.transform.dictionary > docs/marts.md"
_ANY_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
_LAST = 1_000  # sorts marts last that no question names first

# Prefix of a mart's name → title of its section, and what its marts contain; the sections are in this order.
SECTIONS = {
    "rpt_": ("Reports", "Lists to act on, and the evidence for them."),
    "agg_": ("Aggregates", "Counts and statistics: one small table per subject."),
    "fct_": ("Facts", "One row per event or state, for counts that no aggregate has."),
    "dim_": ("Dimensions", "Days and carriers, to join with."),
}


@dataclass(frozen=True)
class Column:
    """A column, its type as SQL writes it, and its comment."""

    name: str
    type: str
    comment: str

    @property
    def short_type(self) -> str:
        return "timestamptz" if self.type == "TIMESTAMP WITH TIME ZONE" else self.type.lower()


@dataclass(frozen=True)
class Mart:
    """A table or view of schema marts with its comments."""

    name: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def grain(self) -> str:
        """The first sentence of the comment, or the part of it before a colon."""
        return re.split(r"(?<=\.) |: ", self.comment, maxsplit=1)[0].rstrip(".")


@dataclass(frozen=True)
class Section:
    """The marts of one prefix, in the order of the page."""

    title: str
    meaning: str
    marts: tuple[Mart, ...]


@dataclass(frozen=True)
class Question:
    """A file of `sql/questions`; the page shows it in full under the first of its marts."""

    text: str
    marts: tuple[str, ...]
    sql: str


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """Build the models in memory, on raw tables with the loader's columns and without rows."""
    connection = duckdb.connect()
    connection.execute("create schema raw")
    for name, table in _empty_raw_tables().items():
        connection.from_arrow(table).create(f"raw.{name}")
    create_metadata(connection)
    build_models(connection, ModelInputs(as_of=_ANY_INSTANT))
    return connection


def _empty_raw_tables() -> dict[str, pa.Table]:
    """Make the raw tables with the loader's own functions, so that they have the loader's columns."""
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
    """Read one question; raises `ValueError`, naming the file, unless its first two lines are well-formed."""
    text, marts, sql = [*path.read_text(encoding="utf-8").split("\n", 2), "", ""][:3]
    if not re.fullmatch(r"-- [A-Z].*\?", text) or not re.fullmatch(r"-- mart: \w+(, \w+)*", marts):
        raise ValueError(f"{path.name} does not begin with the lines `-- <question>?` and `-- mart: <mart>[, <mart>]`")
    return Question(text.removeprefix("-- "), tuple(marts.removeprefix("-- mart: ").split(", ")), sql.strip())


def write_dictionary(marts: list[Mart], questions: list[Question]) -> str:
    """Write the page, in Markdown."""
    sections = _sections(marts, [question.marts[0] for question in questions])
    page = _template().render(sections=sections, questions=questions, command=COMMAND)
    return _with_links(page, [mart.name for mart in marts])


def _sections(marts: list[Mart], asked: list[str]) -> list[Section]:
    """Distribute the marts to sections, sorted by the first question of each."""
    ordered = sorted(marts, key=lambda mart: asked.index(mart.name) if mart.name in asked else _LAST)
    return [
        Section(title, meaning, tuple(mart for mart in ordered if mart.name.startswith(prefix)))
        for prefix, (title, meaning) in SECTIONS.items()
    ]


def _template() -> Template:
    require_packages("jinja2", extra="report")
    import jinja2

    environment = jinja2.Environment(  # noqa: S701 - the page is Markdown, in which nothing is escaped as in HTML
        loader=jinja2.FileSystemLoader(sql_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"link": _link, "cell": _cell, "also_reading": _also_reading}
    return environment.get_template("marts.md.j2")


def _also_reading(questions: list[Question], mart: str) -> list[Question]:
    """List the questions that read a mart and name another one first."""
    return [question for question in questions if mart in question.marts[1:]]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: lower case, no punctuation, hyphens for blanks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _link(heading: str) -> str:
    return f"[{heading}](#{anchor(heading)})"


def _with_links(page: str, names: list[str]) -> str:
    """Link each mart that the text mentions, except in code, in headings and in links."""
    mention = re.compile(rf"\b({'|'.join(names)})\b")
    parts = re.split(r"(^```.*?^```$|^#.*?$|`.*?`|\[.*?\]\(.*?\))", page, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if index % 2 else mention.sub(r"[\1](#\1)", part) for index, part in enumerate(parts))


if __name__ == "__main__":
    with empty_warehouse() as warehouse:
        try:
            sys.stdout.write(write_dictionary(read_marts(warehouse), read_questions()))
        except PortoutsError as error:
            sys.exit(str(error))
