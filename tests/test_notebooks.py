"""The notebooks in the repository: without outputs, one question each, marts only. `test_report_answers` runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from portouts.report.page.notebooks import notebooks_folder

pytestmark = pytest.mark.slow  # kernels

NOTEBOOKS = sorted(notebooks_folder().glob("*.ipynb"))
NAMES = [
    "01_what_needs_an_answer_today",
    "02_how_many_numbers_leave",
    "03_who_gains_them",
    "04_how_fast_do_we_answer",
    "05_what_should_be_checked",
]
FROM = re.compile(r"\b(?:from|join)\s+([a-z_]+(?:\.[a-z_]+)?)", re.IGNORECASE)
Cell = dict[str, Any]


def cells_of(notebook: Path) -> list[Cell]:
    cells: list[Cell] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def source_of(cell: Cell) -> str:
    return "".join(cell["source"])


def test_there_is_one_notebook_per_question() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_is_valid_with_ids_that_stay(notebook: Path) -> None:
    # nbformat repairs a missing or duplicate id with a warning, and warnings are errors here.
    nbformat.validate(nbformat.read(notebook, as_version=nbformat.NO_CONVERT))  # type: ignore[no-untyped-call]  # untyped
    ids = [cell["id"] for cell in cells_of(notebook)]
    assert [id_ for id_ in ids if not re.fullmatch(r"[a-z][a-z-]*", id_)] == []  # names, not random ids of an editor
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_outputs_are_stripped(notebook: Path) -> None:
    code = [cell for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["id"] for cell in cells_of(notebook) if cell["metadata"]] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_begins_with_its_one_question_and_has_prose_before_each_component(notebook: Path) -> None:
    cells = cells_of(notebook)
    prose = [source_of(cell) for cell in cells if cell["cell_type"] == "markdown"]
    headings = [line for text in prose for line in text.splitlines() if line.startswith("#")]
    assert source_of(cells[0]).startswith(headings[0])
    assert re.fullmatch(r"# .*\?", headings[0])
    assert {heading.split(" ")[0] for heading in headings[1:]} == {"##"}
    assert [text for text in prose if text.startswith("## ") and len(text.splitlines()) < 3] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_cells_are_small(notebook: Path) -> None:
    long = {cell["id"]: len(cell["source"]) for cell in cells_of(notebook) if len(cell["source"]) > 40}
    assert long == {}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_reads_marts_only(notebook: Path) -> None:
    code = [source_of(cell) for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    queries = [query for text in code for query in re.findall(r'"""(.*?)"""', text, re.DOTALL)]
    steps = {name for query in queries for name in re.findall(r"\b([a-z_]+) as \(\s*select", query)}
    read = {table for query in queries for table in FROM.findall(query)} - steps
    assert {table for table in read if not table.startswith("marts.")} <= {"periods"}  # a frame, see `read_periods`
    assert not re.search(r"\b(raw|staging)\.", "\n".join(code))
    assert "duckdb" not in "\n".join(code)
