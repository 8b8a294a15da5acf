"""The components of notebooks: their text is never taken for markup, and the state of the data is always shown."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import duckdb
import pandas as pd
import pytest
from matplotlib.figure import Figure
from portouts import names
from portouts.report import charts
from portouts.report.components import Answer, Chart, Metric, Placeholder, State, Table
from portouts.report.figure import Layout

AS_OF = pd.Timestamp("2026-06-15 09:00", tz="UTC")
STATE = State(AS_OF, is_proven=True, certificate="Not verified.")
HOSTILE = '<b>A$AP & "$ons"</b>'


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
