"""Figures as inline SVG: alike on every run, with unique ids, and with names in any script."""

from __future__ import annotations

import re
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from portouts.report import charts
from portouts.report.figure import NARROW, WIDE, Layout, draw_svg, spread_apart


def draw_partial(figure: Figure, _layout: Layout) -> None:
    charts.stacked_columns(figure.subplots(), [([1, 2, 3], charts.BLUE)], partial=True)


def test_charts_of_one_page_share_no_id_and_need_nothing_from_outside() -> None:
    drawings = [
        draw_svg(draw_partial, layout, height=200, alt=alt) for alt in ("one", "two") for layout in (WIDE, NARROW)
    ]
    ids = [id_ for svg in drawings for id_ in re.findall(r' id="([^"]+)"', svg)]
    assert ids
    assert len(set(ids)) == len(ids)
    for svg in drawings:
        referred = set(re.findall(r"(?:url\(|href=\")#([^\")]+)", svg))
        assert referred <= set(ids)
        assert {address for address in re.findall(r"https?://[^\"' )]+", svg) if "www.w3.org" not in address} == set()


def test_the_same_chart_is_drawn_the_same_again() -> None:
    assert draw_svg(draw_partial, WIDE, height=200, alt="one") == draw_svg(draw_partial, WIDE, height=200, alt="one")


def test_a_chart_takes_no_style_from_its_surroundings() -> None:
    import matplotlib as mpl

    before = draw_svg(draw_partial, WIDE, height=200, alt="one")
    with mpl.rc_context({"font.size": 40, "axes.facecolor": "black", "svg.fonttype": "path"}):
        assert draw_svg(draw_partial, WIDE, height=200, alt="one") == before


def test_a_drawing_is_given_its_layout_and_fills_it() -> None:
    def check_size(figure: Figure, layout: Layout) -> None:
        assert figure.get_size_inches()[0] * 72 == layout.width

    for layout in (WIDE, NARROW):
        assert f'viewBox="0 0 {layout.width} 200"' in draw_svg(check_size, layout, height=200, alt="")


@given(st.lists(st.floats(-1000, 1000), max_size=8))
def test_labels_of_lines_never_overlap_and_keep_their_order(heights: list[float]) -> None:
    spread = spread_apart(heights, 17)
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    assert all(spread[b] - spread[a] >= 17 - 1e-6 for a, b in pairwise(order))


def test_labels_far_enough_apart_stay_where_they_are() -> None:
    assert spread_apart([300.0, 0.0, 100.0], 17) == [300.0, 0.0, 100.0]


@pytest.mark.parametrize(
    ("count", "width", "labelled"), [(6, 860, 6), (24, 860, 12), (24, 368, 8), (3, 368, 3)], ids=str
)
def test_as_many_months_are_labelled_as_there_is_room_for(count: int, width: int, labelled: int) -> None:
    axes = Figure().subplots()
    charts.month_axis(axes, list(pd.date_range("2025-01-01", periods=count, freq="MS")), Layout(width, 20))
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) == labelled
    assert labels[0] == "Jan\n2025"


def test_an_axis_of_shares_has_as_many_decimals_as_it_needs() -> None:
    axes = Figure().subplots()
    moves = pd.DataFrame({"before": [0.001, 0.002], "now": [0.004, 0.002]})
    charts.dumbbells(axes, ["a", "b"], moves, "share", WIDE)
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]  # of a figure, it is one
    labels = [label.get_text() for label in axes.get_xticklabels() if label.get_text()]
    assert len(set(labels)) == len(labels) > 2
    assert "0.20%" in labels


@pytest.mark.parametrize(
    "letters", ["\u65e5\u672c", "\U0001f4de", "\u05d1\u05d6", "\u0628\u064a", "a\u0301\u0302", "\ue000"]
)
def test_a_name_in_any_script_is_drawn_without_a_warning(letters: str) -> None:
    def draw(figure: Figure, _layout: Layout) -> None:
        charts.bars(figure.subplots(), [letters, " id=\"x\" 'DejaVu Sans'"], [2, 1], ["2", "1"])

    svg = draw_svg(draw, WIDE, height=90, alt="")
    texts = [label.strip("\u2068\u2069") for label in re.findall("<text[^>]*>([^<]*)", svg)]
    assert {letters, " id=&quot;x&quot; &apos;DejaVu Sans&apos;"} <= set(texts)
