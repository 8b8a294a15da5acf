"""What notebooks show: figures as text, charts as inline SVG, and components that never take text for markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from portouts.report import charts, names, text
from portouts.report.components import Answer, Chart, Metric, Placeholder, State, Table
from portouts.report.figure import NARROW, WIDE, Layout, draw_svg, spread_apart

AS_OF = pd.Timestamp("2026-06-15 09:00", tz="UTC")
STATE = State(AS_OF, is_proven=True, certificate="Not verified.")
HOSTILE = '<b>A$AP & "$ons"</b>'


# Words


def test_counts_agree_with_their_nouns() -> None:
    assert [text.pluralize(count, "order") for count in (0, 1, 1288)] == ["no orders", "1 order", "1,288 orders"]
    assert text.pluralize(2, "entry", "entries") == "2 entries"


def test_shares_are_whole_percents_unless_they_are_small() -> None:
    assert [text.percent(share) for share in (0, 0.004, 0.304, 1)] == ["0%", "0.4%", "30%", "100%"]


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.995, "99.5%"),
        (0.9996, ">99.9%"),
        (1 - 1e-6, ">99.9%"),
        (1 - 1e-12, "100%"),
        (0.0004, "<0.1%"),
        (1e-6, "<0.1%"),
        (1e-12, "0%"),
        (0.0096, "1%"),
        (0.991, "99.1%"),
        (0.5, "50%"),
        (1.004, "100.4%"),
        (1.00001, ">100%"),
        (12.5, "1,250%"),
    ],
)
def test_only_all_is_100_percent_and_only_none_is_0(share: float, shown: str) -> None:
    assert text.percent(share) == shown


@given(st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_no_share_of_a_count_is_rounded_to_all_or_none(parts: tuple[int, int]) -> None:
    part, whole = parts
    assert (text.percent(part / whole) == "100%") == (part == whole)
    assert (text.percent(part / whole) == "0%") == (part == 0)


def test_an_axis_of_shares_has_as_many_decimals_as_it_needs() -> None:
    axes = Figure().subplots()
    moves = pd.DataFrame({"before": [0.001, 0.002], "now": [0.004, 0.002]})
    charts.dumbbells(axes, ["a", "b"], moves, "share", WIDE)
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]  # of a figure, it is one
    labels = [label.get_text() for label in axes.get_xticklabels() if label.get_text()]
    assert len(set(labels)) == len(labels) > 2
    assert "0.20%" in labels


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (0, "0 min"),
        (1e-5, "<1 s"),
        (1.7 / 3600, "2 s"),
        (59.4 / 3600, "59 s"),
        (59.6 / 3600, "1 min"),
        (0.9999, "1 h"),
        (-20 / 3600, "-20 s"),
    ],
)
def test_a_time_that_is_not_0_is_never_shown_as_0(hours: float, shown: str) -> None:
    assert text.hours(hours) == shown


def test_a_count_is_compared_with_a_smaller_one_without_1_times() -> None:
    pairs = [(4, 4), (26, 25), (100_001, 100_000), (3, 2), (5, 2), (1000, 1)]
    said = ["as many as", "4% more than", "<0.1% more than", "1.5 times as many as", "2.5 times as many as"]
    assert [text.ratio(*pair) for pair in pairs] == [*said, "1,000 times as many as"]


def test_two_shares_that_differ_are_shown_so() -> None:
    pairs = [(0.1, 0.3), (0.121, 0.124), (0.12344, 0.12341), (0.5, 0.5), (0.0001, 0.0002)]
    said = [text.distinct_shares(*pair) for pair in pairs]
    assert said[:4] == [("10%", "30%"), ("12.1%", "12.4%"), ("12.344%", "12.341%"), ("50%", "50%")]
    assert said[4] == ("0.01%", "0.02%")


def test_an_instant_is_not_shown_as_a_day() -> None:
    for write in (text.day, text.month):
        with pytest.raises(TypeError, match="is an instant"):
            write(AS_OF)


def test_hours_take_the_unit_that_suits_them() -> None:
    shown = [text.hours(value) for value in (0.5, 12.51, 48.0002, 100, -100)]
    assert shown == ["30 min", "12.5 h", "48 h", "4 days", "-4 days"]


def test_what_is_not_known_is_a_dash() -> None:
    shown = [text.number(pd.NA), text.percent(float("nan")), text.hours(float("nan"))]
    assert shown == [text.NO_VALUE] * 3


def test_comparisons_name_the_change_and_survive_zero() -> None:
    pairs = [(113, 100), (88, 100), (5, 5), (5, 0), (0, 0)]
    shown = [text.comparison(now, before) for now, before in pairs]
    assert shown == ["13% more than", "12% fewer than", "as many as", "after none", "just as"]


def test_instants_and_months_are_written_out() -> None:
    assert text.instant(AS_OF) == "15 June 2026, 09:00 UTC"
    assert text.month(AS_OF.date()) == "June 2026"


def test_words_are_joined_and_become_sentences() -> None:
    assert [text.join_words(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert text.labelled_values(["June", "July"], [24, 1105]) == "June 24 and July 1,105"
    assert text.sentence("no orders left") == "No orders left."


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("no order left", "No order left."),
        ("no order left.", "No order left."),
        (names.isolated("iBasis", "x") + " gains", "\u2068iBasis\u2069 gains."),
        ("new: " + names.isolated("Beta, Inc.", "x"), "New: \u2068Beta, Inc.\u2069"),
        ("new: " + names.isolated("Yahoo!", "x"), "New: \u2068Yahoo!\u2069"),
        ("new: " + names.isolated("eVoice", "x"), "New: \u2068eVoice\u2069."),
    ],
)
def test_a_sentence_rewrites_no_name_and_has_one_full_stop(words: str, shown: str) -> None:
    assert text.sentence(words) == shown


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Prairie Telephone Company", "Prairie Telephone…"),
        ("Prairie Telephone", "Prairie Telephone"),
        ("W" * 140, "W" * 17 + "…"),
        ("\u65e5" * 9, "\u65e5" * 9),
        ("\u65e5" * 10, "\u65e5" * 8 + "…"),
        ("a" + "\u0301" * 90, "a" + "\u0301" * 70 + "…"),
        ("\u202eevil\x00\ud800 Tel\n\n2", "evil Tel 2"),
        (None, ""),
    ],
    ids=["cut at a blank", "as it is", "one word", "wide", "wide and cut", "accents", "unseen", "missing"],
)
def test_a_name_is_cut_by_its_width_and_loses_what_cannot_be_seen(name: str | None, shown: str) -> None:
    assert names.label(name, 18) == shown


@pytest.mark.parametrize("name", [None, "", " \t", "\x00\u202e", "\u200b", pd.NA], ids=repr)
def test_a_name_without_a_visible_character_is_replaced_by_our_word(name: object) -> None:
    assert names.isolated(name, "an unnamed carrier") == "an unnamed carrier"


@given(st.text(max_size=80))
def test_no_name_turns_or_breaks_the_html_around_it(name: str) -> None:
    html = names.as_html(f"by {names.isolated(name, 'nobody')} or {name}")
    assert not set(html) & set("\x00\x07\n\u2028\u2029\u202a\u202e\u2066\u2068\u2069\ufffe")
    [element] = ElementTree.fromstring(f"<p>{html}</p>").iter("bdi") if "<bdi>" in html else [None]  # noqa: S314 - ours
    assert element is None or list(element) == []


@pytest.mark.parametrize(
    "letters", ["\u65e5\u672c", "\U0001f4de", "\u05d1\u05d6", "\u0628\u064a", "a\u0301\u0302", "\ue000"]
)
def test_a_name_in_any_script_is_drawn_without_a_warning(letters: str) -> None:
    def draw(figure: Figure, _layout: Layout) -> None:
        charts.bars(figure.subplots(), [letters, " id=\"x\" 'DejaVu Sans'"], [2, 1], ["2", "1"])

    svg = draw_svg(draw, WIDE, height=90, alt="")
    texts = [label.strip("\u2068\u2069") for label in re.findall("<text[^>]*>([^<]*)", svg)]
    assert {letters, " id=&quot;x&quot; &apos;DejaVu Sans&apos;"} <= set(texts)


# The state of the data


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "set timezone = 'UTC'; create schema marts;"
            "create table marts.rpt_sync (as_of timestamptz, is_proven boolean);"
            "insert into marts.rpt_sync values ('2026-06-15 09:00Z', true), ('2026-05-16 09:00Z', false)"
        )
        yield connection


def certify(connection: duckdb.DuckDBPyConnection, *rows: str) -> None:
    connection.execute(
        "create table marts.rpt_verifications (as_of timestamptz, finished_at timestamptz, depth varchar,"
        " orders bigint, differences bigint, repaired bigint, verdict varchar)"
    )
    for row in rows:
        connection.execute(f"insert into marts.rpt_verifications values {row}")


def test_the_state_is_that_of_the_latest_sync(warehouse: duckdb.DuckDBPyConnection) -> None:
    state = State.of(warehouse)
    assert state.plain_text().startswith("As of 15 June 2026, 09:00 UTC. The last sync was proven. Not verified ")
    warehouse.execute("insert into marts.rpt_sync values ('2026-06-16 09:00Z', false)")
    assert "The last sync was NOT PROVEN" in State.of(warehouse).plain_text()


def test_a_warehouse_without_verifications_is_not_verified(warehouse: duckdb.DuckDBPyConnection) -> None:
    certify(warehouse)
    assert "Not verified" in State.of(warehouse).plain_text()


def test_the_latest_certificate_is_shown_with_its_verdict(warehouse: duckdb.DuckDBPyConnection) -> None:
    certify(
        warehouse,
        "('2026-06-15 09:00Z', '2026-06-15 10:00Z', 'quick', 3241, 2, 2, 'PROVEN')",
        "('2026-06-14 09:00Z', '2026-06-14 10:00Z', 'day', 3240, 0, 0, 'DIFFERENT')",
    )
    assert State.of(warehouse).certificate == (
        "Verified for 15 June 2026, 09:00 UTC, as a whole: PROVEN, 3,241 orders, 2 differences, 2 of them repaired."
    )


def test_a_warehouse_without_syncs_has_no_instant(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("delete from marts.rpt_sync")
    assert "no sync has been recorded" in State.of(warehouse).plain_text()
    assert State.of(warehouse).metadata()["as_of"] is None


# Components


def chart(finding: str = "A finding.") -> Chart:
    def draw(figure: Figure, layout: Layout) -> None:
        labels = [HOSTILE, "Prairie Telephone Company"]
        charts.bars(figure.subplots(), [names.label(label, layout.name_length) for label in labels], [2, 1], ["2", "1"])

    return Chart(
        finding, "How to read it.", draw, "Bars.", "marts.fct_portouts", STATE, colours=[(HOSTILE, charts.BLUE)]
    )


COMPONENTS = {
    "answer": Answer(HOSTILE, [HOSTILE], [Metric(HOSTILE, HOSTILE, HOSTILE)]),
    "chart": chart(HOSTILE),
    "placeholder": Placeholder(HOSTILE),
    "table": Table(HOSTILE, pd.DataFrame({HOSTILE: [HOSTILE]}), names=[HOSTILE]),
    "state": State(AS_OF, is_proven=True, certificate=HOSTILE),
}


@pytest.mark.parametrize("kind", COMPONENTS)
def test_no_text_is_taken_for_markup_or_mathematics(kind: str) -> None:
    html = COMPONENTS[kind].html()
    tree = ElementTree.fromstring(html)  # noqa: S314 - our own
    assert not [element.tag for element in tree.iter() if element.tag.endswith("}b") or element.tag == "b"]
    assert HOSTILE in [text.strip() for text in tree.itertext()] or HOSTILE in "".join(tree.itertext())


def test_a_chart_carries_its_finding_its_colours_and_its_instant() -> None:
    html = chart().html()
    assert "<strong>A finding.</strong>" in html
    assert "As of 15 June 2026, 09:00 UTC. From marts.fct_portouts." in html
    assert html.count('aria-label="A finding. Bars."') == 2


def test_what_the_report_needs_of_a_component_is_in_the_metadata() -> None:
    data, metadata = Answer("Nothing waits.")._repr_mimebundle_()
    assert data["text/plain"] == "Nothing waits."
    assert metadata == {"portouts": {"kind": "Answer", "headline": "Nothing waits."}}


# Drawing


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
