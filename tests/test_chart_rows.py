"""How the page stores the rows of a chart."""

from __future__ import annotations

from typing import Any

import pytest
from portouts.report.page.datasets import packed


def test_rows_are_stored_by_column_and_each_text_once() -> None:
    rows = [{"week": "2026-05-04", "share": 0.5}, {"week": "2026-05-04", "share": None}]
    assert packed({"mark": "line", "datasets": {"data": rows}}) == {
        "mark": "line",
        "datasets": {
            "data": {
                "columns": {"week": {"texts": ["2026-05-04"], "at": [0, 0]}, "share": {"values": [0.5, None]}},
            }
        },
    }


@pytest.mark.parametrize("rows", [[], [{"week": 1}, {"share": 2}], [1, 2], "week,share\n1,2\n"])
def test_what_is_no_table_stays_as_it_is(rows: Any) -> None:
    assert packed({"datasets": {"data": rows}}) == {"datasets": {"data": rows}}


def test_a_chart_without_rows_of_its_own_stays_as_it_is() -> None:
    assert packed({"mark": "bar", "data": {"values": [{"x": 1}]}}) == {"mark": "bar", "data": {"values": [{"x": 1}]}}
