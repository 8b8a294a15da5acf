"""docs/marts.md shows the comments of the SQL files, and every question in it has an answer."""

from __future__ import annotations

import random
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from order_histories import AS_OF, RAW_TABLES, World, create_raw, random_world
from portouts.errors import PortoutsError
from portouts.transform.build import build_models
from portouts.transform.dictionary import (
    COMMAND,
    anchor,
    empty_warehouse,
    read_marts,
    read_questions,
    write_dictionary,
)
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.labels import Label
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "marts.md"
FILES = sorted((sql_folder() / "questions").glob("*.sql"))
QUESTIONS = read_questions()


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse() as opened:
        yield opened


@pytest.fixture(scope="module")
def filled() -> Iterator[duckdb.DuckDBPyConnection]:
    world = random_world(random.Random(8), order_count=600)
    labels = (Label(world.orders[0]["id"], "error", is_number=False),)
    with duckdb.connect() as opened:
        create_raw(opened, world)
        build_models(opened, ModelInputs(world.as_of, labels=labels))
        yield opened


@pytest.fixture(scope="module")
def marts_alone(empty: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Build the marts as tables in a database without anything else."""
    with duckdb.connect() as opened:
        opened.execute("create schema marts")
        for mart in read_marts(empty):
            columns = ", ".join(f'"{column.name}" {column.type}' for column in mart.columns)
            opened.execute(f"create table marts.{mart.name} ({columns})")
        yield opened


def stems(file: Path) -> str:
    return file.stem


def test_the_page_agrees_with_the_comments_and_the_questions(empty: duckdb.DuckDBPyConnection) -> None:
    written = write_dictionary(read_marts(empty), QUESTIONS)
    is_fresh = PAGE.read_text(encoding="utf-8") == written
    assert is_fresh, f"docs/marts.md is stale. Run: {COMMAND}"


def test_without_jinja_the_error_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as if it were not installed
    with pytest.raises(PortoutsError, match=r"jinja2 not installed: pip install .*\[report\]"):
        write_dictionary([], [])


def test_every_mart_and_every_column_has_a_comment(empty: duckdb.DuckDBPyConnection) -> None:
    marts = read_marts(empty)
    silent = [mart.name for mart in marts if not mart.comment.strip()]
    silent += [f"{mart.name}.{column.name}" for mart in marts for column in mart.columns if not column.comment.strip()]
    assert silent == []
    assert [mart.name for mart in marts if not mart.comment.startswith("One row per ")] == []


def test_every_mart_is_in_the_page(empty: duckdb.DuckDBPyConnection) -> None:
    held = empty.execute("select table_name from information_schema.tables where table_schema = 'marts'").fetchall()
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(name for (name,) in held) != []


def test_every_mart_has_a_question_of_its_own(empty: duckdb.DuckDBPyConnection) -> None:
    names = {mart.name for mart in read_marts(empty)}
    assert names - {question.marts[0] for question in QUESTIONS} == set()
    assert {name for question in QUESTIONS for name in question.marts} - names == set()


def test_there_are_enough_questions_and_no_two_are_the_same() -> None:
    assert len(QUESTIONS) == len(FILES) >= 22
    assert len({question.text for question in QUESTIONS}) == len(QUESTIONS)
    assert [file.stem[:3] for file in FILES] == [f"{number:02}_" for number in range(1, len(FILES) + 1)]


def test_every_link_of_the_page_leads_to_one_heading() -> None:
    page = PAGE.read_text(encoding="utf-8")
    places = [anchor(heading) for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)]
    assert set(re.findall(r"\]\(#(.*?)\)", page)) - set(places) == set()
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("file", FILES, ids=stems)
def test_a_question_reads_the_marts_that_it_names_and_nothing_else(
    marts_alone: duckdb.DuckDBPyConnection, file: Path
) -> None:
    question = QUESTIONS[FILES.index(file)]
    read = {name.split(" AS ")[0] for name in marts_alone.get_table_names(question.sql, qualified=True)}
    assert read == {f"marts.{name}" for name in question.marts}
    marts_alone.execute(question.sql)


@pytest.mark.parametrize("file", FILES, ids=stems)
def test_a_question_is_in_the_style_of_the_models(file: Path) -> None:
    sql = re.sub(r"--.*|'[^']*'", "", QUESTIONS[FILES.index(file)].sql)
    assert re.findall(r"[A-Z]+|\bqualify\b|\bnow\(|\bcurrent_\w+|\btoday\(|\bfilter\b|;|\*\s*\bfrom\b", sql) == []
    assert max(len(line) for line in file.read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("file", FILES, ids=stems)
def test_a_question_has_an_answer_if_there_are_orders(filled: duckdb.DuckDBPyConnection, file: Path) -> None:
    cursor = filled.execute(QUESTIONS[FILES.index(file)].sql)
    names = [column[0] for column in cursor.description or []]
    assert len(set(names)) == len(names)
    assert cursor.fetchall() != []


@pytest.mark.parametrize("file", FILES, ids=stems)
def test_a_question_runs_on_an_empty_warehouse(empty: duckdb.DuckDBPyConnection, file: Path) -> None:
    rows = empty.execute(QUESTIONS[FILES.index(file)].sql).fetchall()
    assert len(rows) <= 7  # the one day, the three ages, the five hours; nothing else is there


def answer(name: str, world: World) -> list[tuple[Any, ...]]:
    """Ask the question whose file ends with this name in a warehouse of this world."""
    [question] = [question for file, question in zip(FILES, QUESTIONS, strict=True) if file.stem[3:] == name]
    with duckdb.connect() as opened:
        create_raw(opened, world)
        build_models(opened, ModelInputs(world.as_of))
        return opened.execute(question.sql).fetchall()


def test_two_carriers_with_one_name_are_distinguished() -> None:
    world = World()
    for number, spid in enumerate(["1A", "2B", "2B"]):
        world.add_order(number, AS_OF - timedelta(hours=50), spid=spid, carrier_name="Sample")
    deadline = AS_OF - timedelta(hours=2)
    assert answer("overdue_by_carrier", world) == [
        ("2B", "Sample", 2, 2, 2, deadline),
        ("1A", "Sample", 1, 1, 1, deadline),
    ]


def test_the_unfinished_day_is_in_no_average() -> None:
    world = World()
    for number, days in enumerate([7, 7, 0]):
        world.add_order(number, AS_OF - timedelta(days=days))
    received = {weekday: orders for _, weekday, orders, _ in answer("weekdays", world)}
    assert received["Friday"] == 2.0


def test_a_name_with_several_spids_is_found_with_any_punctuation() -> None:
    world = World()
    names = [(None, "AT&T"), ("5555", "A.T.&T."), ("6666", "AT & T"), (None, "Nobody"), (None, "One"), ("7777", "ONE")]
    for number, (spid, name) in enumerate(names):
        world.add_order(number, AS_OF, spid=spid, carrier_name=name)
    assert answer("known_by_name_only", world) == [("AT&T", 1, 0, 2, "5555", "6666"), ("Nobody", 1, 0, 0, None, None)]


def test_a_missing_name_is_no_spelling() -> None:
    world = World()
    for number, (spid, name) in enumerate([("1A", "Sample"), ("1A", None), ("2B", "Sample"), ("2B", "SAMPLE")]):
        world.add_order(number, AS_OF, spid=spid, carrier_name=name)
    assert answer("spellings", world) == [("2B", "SAMPLE", 2, 2, "SAMPLE", "Sample")]


def test_the_empty_warehouse_has_the_raw_tables_of_the_loader(empty: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as loaded:
        create_raw(loaded, World())
        for name in RAW_TABLES:
            theirs = dict(zip((table := loaded.table(f"raw.{name}")).columns, table.types, strict=True))
            mine = dict(zip((table := empty.table(f"raw.{name}")).columns, table.types, strict=True))
            assert {column: mine.get(column) for column in theirs} == theirs, name


MALFORMED = [
    "-- mart: dim_days\nselect 1\n",
    "-- No question.\n-- mart: dim_days\nselect 1\n",
    "-- Which day?\nselect 1\n",
    "-- Which day?\n-- mart:\nselect 1\n",
    "-- Which day?\n-- mart: dim_days dim_carriers\nselect 1\n",
    "-- Which day?",
    "",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_question_must_begin_with_its_text_and_its_marts(tmp_path: Path, text: str) -> None:
    (tmp_path / "01_sample.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"01_sample\.sql does not begin with"):
        read_questions(tmp_path)
