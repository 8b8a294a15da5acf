"""The notebooks: clean in the repository, marts only, and right on a full, a nearly empty and an empty warehouse.

They are run once per warehouse, as `portouts report` runs them; what they show is compared with plain SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from portouts.notebook_run import notebooks_folder, run_notebooks
from published_warehouses import SMALL, publish_account, publish_small
from simulated_account import ask

NOTEBOOKS = sorted(notebooks_folder().glob("*.ipynb"))
NAMES = ["01_how_many_numbers_leave", "02_who_gains_them", "03_how_fast_do_we_answer", "04_what_needs_an_answer_today"]
# What each shows of a full warehouse, in order.
CHARTS = {NAMES[0]: 5, NAMES[1]: 3, NAMES[2]: 4, NAMES[3]: 3}
TABLES = {NAMES[0]: 0, NAMES[1]: 1, NAMES[2]: 0, NAMES[3]: 2}
FROM = re.compile(r"\b(?:from|join)\s+([a-z_]+(?:\.[a-z_]+)?)", re.IGNORECASE)
Cell = dict[str, Any]


def cells_of(notebook: Path) -> list[Cell]:
    cells: list[Cell] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def source_of(cell: Cell) -> str:
    return "".join(cell["source"])


# As they lie in the repository


def test_there_is_one_notebook_per_question() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_is_valid_with_ids_that_stay(notebook: Path) -> None:
    # A missing or doubled id would be mended with a warning, and warnings are errors here.
    nbformat.validate(nbformat.read(notebook, as_version=nbformat.NO_CONVERT))  # type: ignore[no-untyped-call]  # untyped
    ids = [cell["id"] for cell in cells_of(notebook)]
    assert [id_ for id_ in ids if not re.fullmatch(r"[a-z][a-z-]*", id_)] == []  # names, not what an editor drew
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_outputs_are_stripped(notebook: Path) -> None:
    code = [cell for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["id"] for cell in cells_of(notebook) if cell["metadata"]] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_begins_with_its_one_question_and_has_prose_before_each_exhibit(notebook: Path) -> None:
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
    assert {table for table in read if not table.startswith("marts.")} == set()
    assert not re.search(r"\b(raw|staging)\.", "\n".join(code))
    assert "duckdb" not in "\n".join(code)


# As they are run


class Run(NamedTuple):
    """All notebooks after a run against one warehouse."""

    database: Path
    notebooks: Mapping[str, list[Cell]]

    def shown(self, name: str, kind: str) -> list[Mapping[str, Any]]:
        outputs = [output for cell in self.notebooks[name] for output in cell.get("outputs", [])]
        return [output["data"] for output in outputs if output["metadata"].get("portouts", {}).get("kind") == kind]

    def answer(self, name: str) -> str:
        [answer] = self.shown(name, "Answer")
        return str(answer["text/plain"])


def run(database: Path) -> Run:
    sections = run_notebooks(database, notebooks_folder())
    return Run(database, {section.notebook.removesuffix(".ipynb"): list(section.cells) for section in sections})


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(publish_account(tmp_path_factory.mktemp("account")))


@pytest.fixture(scope="module", params=SMALL)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(publish_small(request.param, tmp_path_factory.mktemp("small")))


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_runs_without_a_word_of_warning(name: str, account: Run) -> None:
    outputs = [output for cell in account.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    assert len(account.shown(name, "Chart")) == CHARTS[name]
    assert len(account.shown(name, "Table")) == TABLES[name]
    assert account.shown(name, "Missing") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_notebook_says_as_of_when_and_how_far_it_is_verified(name: str, account: Run) -> None:
    [state] = account.shown(name, "State")
    [(as_of,)] = ask(account.database, "select max(as_of) from marts.rpt_sync")
    assert f"As of {as_of.day} {as_of:%B %Y, %H:%M} UTC. The last sync was proven." in state["text/plain"]
    certificates = ask(
        account.database, "select verdict from marts.rpt_verifications order by finished_at desc limit 1"
    )
    assert all(f": {verdict}, " in state["text/plain"] for (verdict,) in certificates)
    assert bool(certificates) != ("Not verified" in state["text/plain"])
    for chart in account.shown(name, "Chart"):
        assert f"As of {as_of.day} {as_of:%B %Y, %H:%M} UTC." in chart["text/html"]


def test_the_numbers_that_left_are_those_of_28_whole_days(account: Run) -> None:
    [(now, orders, before)] = ask(
        account.database,
        """
        with marked as (
            select *, (select max(day) from marts.dim_days) - day as age from marts.agg_portouts_daily
        )
        select
            sum(numbers_ported) filter (age between 1 and 28),
            sum(orders_ported) filter (age between 1 and 28),
            sum(numbers_ported) filter (age between 29 and 56),
        from marked
        """,
    )
    change = f"{abs(now - before) / before:.0%} {'more' if now > before else 'fewer'} than"
    assert account.answer(NAMES[0]).startswith(
        f"{now} numbers left in the last 28 days, {change} in the 28 days before."
    )
    assert f"numbers left in 28 days: {now} in {orders} orders" in account.answer(NAMES[0])


def test_the_carrier_that_gains_most_is_the_first_of_twelve_months(account: Run) -> None:
    [(name, share, total)] = ask(
        account.database,
        """
        with gains as (
            select carrier_name, sum(number_count) as numbers
            from marts.fct_portouts
            where ported_on >= (select date_trunc('month', max(day)) - interval 11 month from marts.dim_days)
            group by carrier_id, carrier_name
        )
        select carrier_name, numbers / sum(numbers) over () as share, sum(numbers) over () as total
        from gains
        order by share desc
        limit 1
        """,
    )
    assert account.answer(NAMES[1]).startswith(
        f"{name} gains most: {share:.0%} of the {total} numbers that left since "
    )


def test_the_answer_on_speed_is_the_median_of_90_days_and_names_what_is_censored(account: Run) -> None:
    [(median, silence, censored, waiting)] = ask(
        account.database,
        """
        select
            median(response_hours) filter (not is_censored),
            count(*) filter (response = 'authorized_automatically') / count(*) filter (not is_censored),
            count(*) filter (is_censored and response <> 'open'),
            count(*) filter (response = 'open'),
        from marts.fct_responses
        where pending_at >= (select max(as_of) from marts.rpt_sync) - interval 90 day
        """,
    )
    answer = account.answer(NAMES[2])
    assert answer.startswith(f"Half of all answers come within {median:.1f} h; {silence:.0%} come by silence.")
    assert f"Censored: {censored} ended without us, {waiting} still wait." in answer


def test_what_needs_an_answer_is_every_pending_order_by_urgency(account: Run) -> None:
    counts = dict(ask(account.database, "select urgency, count(*) from marts.rpt_open_orders group by urgency"))
    answer = account.answer(NAMES[3])
    for label, urgency in (("critical", "critical"), ("soon", "soon"), ("ample", "ample")):
        assert f"\n{label}: {counts.get(urgency, 0)} " in answer
    assert f"\npast the deadline: {counts.get('overdue', 0)} " in answer
    listed = "".join(table["text/html"] for table in account.shown(NAMES[3], "Table"))
    keys = ask(account.database, "select support_key from marts.rpt_open_orders")
    assert [key for (key,) in keys if key not in listed] == []


@pytest.mark.parametrize("name", NAMES)
def test_with_at_most_one_order_a_notebook_says_what_is_missing(name: str, small: Run) -> None:
    outputs = [output for cell in small.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    charts, tables = small.shown(name, "Chart"), small.shown(name, "Table")
    assert len(charts) + len(tables) + len(small.shown(name, "Missing")) == CHARTS[name] + TABLES[name]
    assert small.answer(name)
    text = "".join(str(shown["text/html"]) for shown in [*charts, *tables])
    assert not re.search(r"\b(nan|inf|NaT|None|&lt;NA&gt;)\b", text)
