"""`portouts report --notebooks` and `--edit`: whose notebooks run, and how an analyst gets ours to change them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from portouts.errors import NotebookFailed, ReportFailed
from portouts.report.page.charts import Period, chart_of
from portouts.report.page.markup import inside_the_page
from portouts.report.page.notebooks import notebooks_in, own_notebooks
from portouts.report.page.values import values_of
from portouts_command import Ended

Command = Callable[..., Ended]


def test_edit_writes_our_notebooks_once_and_replaces_nothing(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    ended = command("report", "--edit", str(folder), "--json")
    assert (ended.code, json.loads(ended.out)) == (
        0,
        {"notebooks": [str(folder / path.name) for path in own_notebooks()]},
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in own_notebooks()
    }
    first, *others = sorted(folder.iterdir())
    others[0].unlink()
    first.write_text("mine")
    ended = command("report", "--edit", str(folder))
    assert (ended.code, ended.out) == (1, "")
    assert f"{folder} has {first.name}" in ended.err
    assert (first.read_text(), others[0].exists()) == ("mine", False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--notebooks", "none"], "--notebooks none: there is no such folder."),
        (["--only-notebooks"], "--only-notebooks runs those of --notebooks DIR: name a folder."),
        (["--edit", "mine", "--only-notebooks"], "leave out --only-notebooks"),
        (["--edit", "no/folder"], "--edit no/folder: there is no folder"),
    ],
)
def test_wrong_options_are_refused(options: list[str], said: str, command: Command) -> None:
    ended = command("report", *options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_notebook_with_the_name_of_ours_replaces_it_and_others_are_added_in_order(tmp_path: Path) -> None:
    ours = own_notebooks()
    mine, later = tmp_path / "mine", tmp_path / "later"
    for folder, name in ((mine, ours[0].name), (mine, "00_first.ipynb"), (later, "00_first.ipynb")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    both = [later / "00_first.ipynb", mine / ours[0].name]
    assert notebooks_in([mine, later], with_own=True) == [*both, *ours[1:]]
    assert notebooks_in([mine, later], with_own=False) == both
    with pytest.raises(NotebookFailed, match="has no notebook"):
        notebooks_in([tmp_path], with_own=True)


def test_a_chart_that_reads_from_an_address_is_refused() -> None:
    spec = {"data": {"url": "https://example.com/a.csv"}, "mark": "bar", "encoding": {}}
    with pytest.raises(ReportFailed, match="reads its data from an address"):
        chart_of(spec, "chart", "Heading", Period(None))


def test_the_values_of_a_chart_are_the_columns_that_it_uses_with_their_titles() -> None:
    rows = [{"day": f"2026-06-{day:02}T00:00:00", "orders": day, "share": 0.25, "unused": 1} for day in range(1, 31)]
    spec = {
        "datasets": {"data": 3 * rows},
        "mark": "bar",
        "encoding": {
            "x": {"field": "day", "title": "Day"},
            "y": {"field": "orders"},
            "tooltip": [{"field": "share"}],
        },
    }
    [table] = values_of(spec)
    assert (table.columns, table.count, len(table.rows)) == (["Day", "orders", "share"], 90, 60)
    assert table.rows[-1] == ["2026-06-30", "30", "0.25"]


def test_ids_and_styles_of_html_belong_to_its_place() -> None:
    html = (
        '<div id="sib"><style>#sib td { color: #333333 }</style><script src="https://example.com/a.js">x</script>'
        '<td headers="sib b" style="color:#CF2518" onclick="x()">A &amp; B</td><img src="https://example.com/a.png"></div>'
    )
    assert inside_the_page(html, "q-1") == (
        '<div id="q-1-1"><style>@scope (#q-1) {#q-1-1 td { color: var(--c1b2733) }}</style>'
        '<td headers="q-1-1 q-1-2" style="color:var(--ccf2518)">A &amp; B</td><img></div>'
    )
