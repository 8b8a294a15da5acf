"""Notebooks that were run, for tests: what each shows, the page that they make, and the tags of a page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from portouts.names import plain
from portouts.report.page.build import Report, build_report
from portouts.report.page.notebooks import Section, notebooks_folder, run_notebooks
from published_warehouses import publish_account, publish_small

NOTEBOOKS = [
    "01_what_needs_an_answer_today",
    "02_how_many_numbers_leave",
    "03_who_gains_them",
    "04_how_fast_do_we_answer",
    "05_what_should_be_checked",
]
# What each shows of a full warehouse with an inventory, in order, and what of it needs the inventory.
CHARTS = dict(zip(NOTEBOOKS, (3, 6, 3, 4, 0), strict=True))
ALL_CHARTS = sum(CHARTS.values())
TABLES = dict(zip(NOTEBOOKS, (2, 0, 1, 0, 3), strict=True))
OF_INVENTORY = dict(zip(NOTEBOOKS, (0, 1, 0, 0, 2), strict=True))
Cell = dict[str, Any]
# Scripts for the browser: the charts that are visible, and their texts that are cut off or too small.
VISIBLE = "[...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().width > 0)"
CUT_TEXTS = (
    f"{VISIBLE}.flatMap(svg => {{ const frame = svg.getBoundingClientRect();"
    "  const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent);"
    "  return texts.filter(text => { const box = text.getBoundingClientRect();"
    "    return box.left < frame.left - 4 || box.right > frame.right + 4 || box.top < frame.top - 2"
    "      || box.bottom > frame.bottom + 2 || box.height < 11; }).map(text => text.textContent) })"
)


# Several modules look at the same account; a process publishes it, and runs the notebooks against it, once.


@cache
def _database(folder: Path) -> Path:
    (folder / "account").mkdir()
    return publish_account(folder / "account")


@cache
def _report(folder: Path) -> Report:
    return build_report(_database(folder))


@cache
def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return publish_small("empty", folder / "empty")


@cache
def _empty_report(folder: Path) -> Report:
    return build_report(_empty(folder), folder / "empty" / "new" / "page.html")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _database(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return _report(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _empty(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def empty_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return _empty_report(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return report.output.read_text(encoding="utf-8")


class Run(NamedTuple):
    """All notebooks after a run against one warehouse; what they show is compared with plain SQL."""

    database: Path
    notebooks: Mapping[str, list[Cell]]

    def outputs(self, name: str) -> list[Cell]:
        return [output for cell in self.notebooks[name] for output in cell.get("outputs", [])]

    def of_type(self, name: str, mime: str) -> list[Any]:
        """Return what the notebook shows as this kind of content, without our own headline and state."""
        shown = [output for output in self.outputs(name) if "portouts" not in output["metadata"]]
        return [content for output in shown for kind, content in output["data"].items() if kind.startswith(mime)]

    def charts(self, name: str) -> list[Cell]:
        return self.of_type(name, "application/vnd.vegalite")

    def titles(self, name: str) -> list[str]:
        """Return what the charts find."""
        titles = [chart["title"] for chart in self.charts(name)]
        return [plain(title if isinstance(title, str) else title["text"]) for title in titles]

    def tables(self, name: str) -> list[str]:
        return [html for html in self.of_type(name, "text/html") if "gt_table" in html]

    def placeholders(self, name: str) -> list[str]:
        """Return what is said in place of a chart or table, without the lines below lists that are cut."""
        return [text for text in self.of_type(name, "text/markdown") if not text.startswith("Shown are")]

    def ours(self, name: str, kind: str) -> Cell:
        """Return the one headline ("Answer"), or the one state of the data ("State")."""
        [data] = [
            output["data"]
            for output in self.outputs(name)
            if output["metadata"].get("portouts", {}).get("kind") == kind
        ]
        return data  # type: ignore[no-any-return]  # a cell of JSON

    def answer(self, name: str) -> str:
        return str(self.ours(name, "Answer")["text/plain"])


def run_of(database: Path, sections: Sequence[Section]) -> Run:
    return Run(database, {section.notebook.removesuffix(".ipynb"): list(section.cells) for section in sections})


def run_each(databases: Mapping[str, Path], folder: Path, names: Sequence[str] = NOTEBOOKS) -> dict[str, Run]:
    """Run notebooks against several warehouses, all in one kernel."""
    folder.mkdir()
    files = {(case, name): f"{place:02}_{name}.ipynb" for place, case in enumerate(databases) for name in names}
    for (case, name), file in files.items():
        (folder / file).write_text(_with_database(name, databases[case]), encoding="utf-8")
    run, _ = run_notebooks(next(iter(databases.values())), sorted(folder.iterdir()))
    sections = {section.notebook: section for section in run}
    return {
        case: Run(database, {name: list(sections[files[case, name]].cells) for name in names})
        for case, database in databases.items()
    }


def _with_database(name: str, database: Path) -> str:
    """Return a notebook that names the warehouse in a cell of its own."""
    notebook = json.loads((notebooks_folder() / f"{name}.ipynb").read_text(encoding="utf-8"))
    cell: Cell = {"cell_type": "code", "id": "database", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = f"import os\nos.environ['PORTOUTS_DATABASE'] = {str(database)!r}"
    notebook["cells"].insert(1, cell)
    return json.dumps(notebook)


def write_notebook(folder: Path, name: str, *cells: str) -> list[Path]:
    """Write a notebook of code cells under a question; return all notebooks of the folder."""
    folder.mkdir(exist_ok=True)
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"step-{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for n, cell in enumerate(cells)
    ]
    question = {"cell_type": "markdown", "id": "question", "metadata": {}, "source": "# Does it run?"}
    notebook = {"cells": [question, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook))
    return sorted(folder.iterdir())


_VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """The tags of a page, its ids, its headings and every address in it; asserts that tags are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.addresses: list[str] = []
        self.images: list[str | None] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        self.ids += [given["id"] or ""] if "id" in given else []
        self.addresses += [
            value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "data", "action"}
        ]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if given.get("role") == "img":
            self.images.append(given.get("aria-label"))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
