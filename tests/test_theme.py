"""The colours of the report, and the parameter that carries the period of the page."""

from __future__ import annotations

import altair as alt
import pandas as pd
import pytest
from portouts.report import theme

LEAST = 3.0


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", sorted({*theme.SERIES, *theme.URGENCY.values(), theme.INK, theme.MUTED}))
def test_a_colour_stands_out_from_the_page_in_both_schemes(colour: str) -> None:
    assert contrast(colour, theme.PAPER) >= LEAST
    assert contrast(theme.DARK[colour], theme.DARK[theme.PAPER]) >= LEAST


def test_urgency_is_strongest_where_it_is_most_urgent() -> None:
    on_light = [contrast(colour, theme.PAPER) for colour in theme.URGENCY.values()]
    on_dark = [contrast(theme.DARK[colour], theme.DARK[theme.PAPER]) for colour in theme.URGENCY.values()]
    assert on_light == sorted(on_light, reverse=True)
    assert on_dark == sorted(on_dark, reverse=True)


def test_a_chart_of_layers_has_the_period_once_and_at_its_top() -> None:
    days = pd.DataFrame({"day": pd.to_datetime(["2026-06-15"]), "orders": [1]})
    bars = alt.Chart(days).mark_bar().encode(x="day", y="orders")
    chart = theme.in_period(bars + bars.mark_line(), "day").to_dict()
    assert [param["name"] for param in chart["params"]] == [theme.SINCE]
    assert len(chart["transform"]) == 1
