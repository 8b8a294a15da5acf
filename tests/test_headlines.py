"""What notebooks show besides charts: headlines with their figures, for each period of the page; places of numbers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from portouts.names import isolated
from portouts.report import notebook, sentences, theme
from portouts.report.notebook import ALL_DAYS, ByPeriod, Figure, Headline, in_period, place_of

HOSTILE = '<b>A$AP & "$ons"</b>'


def test_no_text_of_a_headline_is_taken_for_markup_or_mathematics() -> None:
    data, metadata = Headline(HOSTILE, [Figure(HOSTILE, HOSTILE, HOSTILE)], [HOSTILE])._repr_mimebundle_()
    tree = ElementTree.fromstring(data["text/html"])  # noqa: S314 - our own
    assert [element.tag for element in tree.iter() if element.tag == "b"] == []
    assert list(tree.itertext()) == [HOSTILE] * 5
    assert "mathjax_ignore" in tree.attrib["class"]
    assert metadata == {"portouts": {"kind": "Answer", "headline": HOSTILE}}


def test_a_name_inside_a_headline_is_isolated_in_html_and_plain_in_text() -> None:
    name = isolated("\u202eA", "x")
    data, _ = Headline(f"{name} gains most.")._repr_mimebundle_()
    assert "<strong><bdi>A</bdi> gains most.</strong>" in data["text/html"]
    assert data["text/plain"] == "A gains most."


def test_each_period_has_its_headline_and_a_notebook_shows_that_of_365_days() -> None:
    headlines = {days: Headline(f"In {days} days.") for days in (*theme.PERIODS, ALL_DAYS)}
    data, metadata = ByPeriod(headlines)._repr_mimebundle_()
    tree = ElementTree.fromstring(data["text/html"].replace(" hidden>", ' hidden="">'))  # noqa: S314 - our own
    shown = {part.attrib["data-period"]: "hidden" not in part.attrib for part in tree if "data-period" in part.attrib}
    assert shown == {"30": False, "90": False, "365": True, "all": False}
    assert data["text/plain"] == metadata["portouts"]["headline"] == "In 365 days."


def test_an_urgent_figure_has_its_colour_in_both_colour_schemes() -> None:
    html = Figure("3", "critical", colour=theme.CRITICAL).html()
    assert f"var(--c{theme.CRITICAL[1:]}, {theme.CRITICAL})" in html
    assert theme.CRITICAL in theme.DARK


def test_a_chart_shows_the_rows_of_the_chosen_period_only() -> None:
    rows = pd.DataFrame({"days": [30, 90], "since": pd.to_datetime(["2026-05-02", "2026-03-03"]), "numbers": [1, 2]})
    spec = in_period(alt.Chart(rows).mark_bar().encode(x="numbers:Q")).to_dict()
    assert [param["name"] for param in spec["params"]] == [theme.SINCE]
    first, longest, last = spec["transform"]
    assert theme.SINCE in first["filter"]
    assert longest["joinaggregate"] == [{"op": "max", "field": "days", "as": "chosen"}]
    assert last == {"filter": "datum.days == datum.chosen"}


@pytest.mark.parametrize(
    ("country", "area", "number", "place"),
    [
        ("US", "312", None, "Chicago, IL"),
        ("US", "307", "+13075550100", "Wyoming"),
        ("GB", "20", None, "London"),
        ("IE", None, None, "Ireland"),
        ("US", None, "0b5e3a61f0a94d7b8f3a", ""),
        ("XX", None, None, ""),
    ],
    ids=["area code", "number", "abroad", "country", "hash", "no country"],
)
def test_a_number_and_an_area_code_have_a_place(country: str, area: str | None, number: str | None, place: str) -> None:
    assert place_of(country, area, number) == place


def test_what_is_our_own_around_the_notebooks_stays_small() -> None:
    modules = [Path(str(module.__file__)) for module in (notebook, sentences)]
    assert sum(len(module.read_text(encoding="utf-8").splitlines()) for module in modules) <= 250
