"""What the notebooks show: each figure is compared with plain SQL, for a full warehouse and for nearly empty ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from portouts.report.page.build import Report
from published_warehouses import SMALL, publish_answers, publish_small
from report_runs import CHARTS, NOTEBOOKS, TABLES, Run, database, empty, empty_report, report, run_each, run_of
from simulated_account import ask

pytestmark = pytest.mark.slow  # kernels and syncs

__all__ = ["database", "empty", "empty_report", "report"]  # the fixtures
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def account(report: Report, database: Path) -> Run:
    return run_of(database, report.sections)


@pytest.fixture(scope="module")
def small(empty: Path, empty_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Run all notebooks against each account with at most one order."""
    others = {name: publish_small(name, tmp_path_factory.mktemp("small")) for name in SMALL[1:]}
    runs = run_each(others, tmp_path_factory.mktemp("notebooks") / "small")
    return {SMALL[0]: run_of(empty, empty_report.sections), **runs}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_runs_without_a_warning(name: str, account: Run) -> None:
    outputs = [output for cell in account.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    assert len(account.shown(name, "Chart")) == CHARTS[name]
    assert len(account.shown(name, "Table")) == TABLES[name]
    assert account.shown(name, "Placeholder") == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_shows_the_instant_of_its_data_and_their_certificate(name: str, account: Run) -> None:
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


def test_the_first_answer_counts_the_numbers_of_28_whole_days(account: Run) -> None:
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
    assert account.answer(NOTEBOOKS[0]).startswith(
        f"{now} numbers left in the last 28 days, {change} in the 28 days before."
    )
    assert f"numbers left in 28 days: {now} in {orders} orders" in account.answer(NOTEBOOKS[0])


def test_the_second_answer_names_the_carrier_with_most_numbers_in_twelve_months(account: Run) -> None:
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
    assert account.answer(NOTEBOOKS[1]).startswith(
        f"{name} gains most: {share:.0%} of the {total} numbers that left since "
    )


def test_the_third_answer_is_the_median_of_90_days_and_shows_what_is_censored(account: Run) -> None:
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
    answer = account.answer(NOTEBOOKS[2])
    assert answer.startswith(f"Half of all answers come within {median:.1f} h; {silence:.0%} come by silence.")
    assert f"Censored: {censored} ended without us, {waiting} still wait." in answer


def test_the_fourth_answer_counts_every_pending_order_by_urgency(account: Run) -> None:
    counts = dict(ask(account.database, "select urgency, count(*) from marts.rpt_open_orders group by urgency"))
    answer = account.answer(NOTEBOOKS[3])
    for label, urgency in (("critical", "critical"), ("soon", "soon"), ("ample", "ample")):
        assert f"\n{label}: {counts.get(urgency, 0)} " in answer
    assert f"\npast the deadline: {counts.get('overdue', 0)} " in answer
    listed = "".join(table["text/html"] for table in account.shown(NOTEBOOKS[3], "Table"))
    keys = ask(account.database, "select support_key from marts.rpt_open_orders")
    assert [key for (key,) in keys if key not in listed] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize("orders", SMALL)
def test_with_at_most_one_order_a_notebook_shows_placeholders(name: str, orders: str, small: Mapping[str, Run]) -> None:
    run = small[orders]
    outputs = [output for cell in run.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    charts, tables = run.shown(name, "Chart"), run.shown(name, "Table")
    assert len(charts) + len(tables) + len(run.shown(name, "Placeholder")) == CHARTS[name] + TABLES[name]
    assert run.answer(name)
    text = "".join(str(shown["text/html"]) for shown in [*charts, *tables])
    assert not re.search(r"\b(nan|inf|NaT|None|&lt;NA&gt;)\b", text)


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WAITS = {
    "one of 200 late": [48.5 * HOUR] + [HOUR] * 199,
    "at once": [0 * HOUR] * 12,
    "most at once": [0 * HOUR] * 3 + [2 * HOUR],
    "within a minute": [20 * SECOND, 30 * SECOND, 40 * SECOND],
    "a single one": [15 * MINUTE],
    "at the deadline": [48 * HOUR] * 2 + [HOUR] * 2,
    "very late": [80 * HOUR],
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Run the third notebook against an account for each of these lists of waits."""
    databases = {name: publish_answers(tmp_path_factory.mktemp("answers"), waits) for name, waits in WAITS.items()}
    return run_each(databases, tmp_path_factory.mktemp("notebooks") / "answers", NOTEBOOKS[2:3])


@pytest.mark.parametrize(
    ("case", "headline", "figures", "curve", "unit"),
    [
        (
            "one of 200 late",
            "Half of all answers come within 1 h; 0.5% come by silence.",
            ["99.5% within 24 hours", "of answers by silence (estimate): 0.5% 1 of 200"],
            "After 24 h 0.5% still wait, and 0.5% after 48 h.",
            "hours",
        ),
        (
            "at once",
            "Half of all answers come at once; 0% come by silence.",
            ["median time to an answer: 0 min", "100% within 24 hours"],
            "All answers came at once; 0% still wait.",
            "hours",
        ),
        (
            "most at once",
            "Half of all answers come at once; 0% come by silence.",
            ["for nine of ten answers: 1.4 h"],
            "After 2 h 0% still wait; no longer time is known yet.",
            "hours",
        ),
        (
            "within a minute",
            "Half of all answers come within 30 s; 0% come by silence.",
            ["median time to an answer: 30 s"],
            "After 40 s 0% still wait; no longer time is known yet.",
            "seconds",
        ),
        (
            "a single one",
            "Half of all answers come within 15 min; 0% come by silence.",
            ["Of the 1 request of the last 90 days, 1 is answered. Censored: 0 ended without us, 0 still wait."],
            "After 15 min 0% still wait; no longer time is known yet.",
            "minutes",
        ),
        (
            "at the deadline",
            "Half of all answers come within 24.5 h; 50% come by silence.",
            ["50% within 24 hours"],
            "After 24 h 50% still wait; at 48 h silence brings them from 50% to 0%.",
            "hours",
        ),
        (
            "very late",
            "Half of all answers come within 3 days; 100% come by silence.",
            ["0% within 24 hours"],
            "After 24 h 100% still wait, and 100% after 48 h.",
            "hours",
        ),
    ],
    ids=list(WAITS),
)
def test_answers_are_shown_from_0_hours_on_and_no_share_is_rounded_away(
    case: str, headline: str, figures: list[str], curve: str, unit: str, answers: Mapping[str, Run]
) -> None:
    run = answers[case]
    answer = run.answer(NOTEBOOKS[2])
    assert answer.splitlines()[0] == headline
    assert [figure for figure in figures if figure not in answer] == []
    [shown] = [chart for chart in run.shown(NOTEBOOKS[2], "Chart") if "their first 72 hours" in chart["text/plain"]]
    assert shown["text/plain"].startswith(f"{curve} (")
    assert f">{unit} since the request<" in shown["text/html"]
