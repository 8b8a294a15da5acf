"""What the notebooks show: each figure is compared with plain SQL, for a full warehouse and for nearly empty ones."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from portouts.names import as_html
from portouts.report.page.build import Report
from published_warehouses import SMALL, publish_answers, publish_masked, publish_small
from report_runs import (
    CHARTS,
    NOTEBOOKS,
    OF_INVENTORY,
    TABLES,
    Cell,
    Run,
    database,
    empty,
    empty_report,
    report,
    run_each,
    run_of,
)
from simulated_account import ask

pytestmark = pytest.mark.slow  # kernels and syncs

__all__ = ["database", "empty", "empty_report", "report"]  # the fixtures


@pytest.fixture(scope="module")
def account(report: Report, database: Path) -> Run:
    return run_of(database, report.sections)


@pytest.fixture(scope="module")
def small(empty: Path, empty_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Run all notebooks against each account with at most one order."""
    others = {name: publish_small(name, tmp_path_factory.mktemp("small")) for name in SMALL[1:]}
    runs = run_each(others, tmp_path_factory.mktemp("notebooks") / "small")
    return {SMALL[0]: run_of(empty, empty_report.sections), **runs}


def rows_of(chart: Cell) -> list[Cell]:
    return [row for rows in chart["datasets"].values() for row in rows]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_runs_without_a_warning(name: str, account: Run) -> None:
    kinds = {output["output_type"] for output in account.outputs(name)}
    assert kinds <= {"execute_result", "display_data"}
    assert len(account.charts(name)) == CHARTS[name]
    assert len(account.tables(name)) == TABLES[name]
    assert account.placeholders(name) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_chart_states_what_it_shows_and_has_typed_tooltips(name: str, account: Run) -> None:
    for chart in account.charts(name):
        assert len(chart["description"]) > 20
        text = json.dumps({key: part for key, part in chart.items() if key != "datasets"})
        tooltips = re.findall(r'"tooltip": (\[.*?\])', text)
        assert tooltips
        assert all('"type"' in field for shown in tooltips for field in re.findall(r"{[^{}]*}", shown))
    assert all(title.endswith((".", "!", "?")) for title in account.titles(name))


def test_a_notebook_shows_the_instant_of_its_data_and_their_certificate(account: Run) -> None:
    [(as_of,)] = ask(account.database, "select max(as_of) from marts.rpt_sync")
    [(verdict,)] = ask(
        account.database, "select verdict from marts.rpt_verifications order by finished_at desc limit 1"
    )
    for name in NOTEBOOKS:
        state = account.ours(name, "State")["text/plain"]
        assert f"As of {as_of.day} {as_of:%B %Y, %H:%M} UTC. The last sync was proven." in state
        assert f": {verdict}, " in state


# What needs an answer today


def test_what_needs_an_answer_is_counted_by_urgency_and_every_order_is_listed(account: Run) -> None:
    counts = dict(ask(account.database, "select urgency, count(*) from marts.rpt_open_orders group by urgency"))
    assert set(counts) == {"overdue", "ample"}
    answer = account.answer(NOTEBOOKS[0])
    assert answer.startswith(
        f"{counts['overdue']} order with 1 number is past the deadline; nothing else must be answered within 24 hours, "
        f"{counts['ample']} later.\n"
    )
    for label, urgency in (("critical", "critical"), ("soon", "soon"), ("ample", "ample")):
        assert f"\n{label}: {counts.get(urgency, 0)} " in answer
    assert f"\npast the deadline: {counts['overdue']} " in answer
    due, overdue = account.tables(NOTEBOOKS[0])
    for key, urgency in ask(account.database, "select support_key, urgency from marts.rpt_open_orders"):
        listed = overdue if urgency == "overdue" else due
        assert f"portouts authorize {key}\nportouts reject {key} --code N" in listed


def test_an_order_to_answer_is_listed_with_all_that_the_desk_needs(account: Run) -> None:
    [(deadline, name, pon)] = ask(
        account.database,
        "select deadline_at, end_user_name, pon from marts.rpt_open_orders where urgency = 'overdue'",
    )
    _, overdue = account.tables(NOTEBOOKS[0])
    row = overdue[overdue.index("<tbody") :]
    for value in (f"{deadline:%a %d %b, %H:%M}", name, pon):
        assert as_html(value or "–") in row
    assert "Deadline (UTC)" in overdue
    [(number,)] = ask(
        account.database,
        "select phone_number from marts.rpt_open_orders inner join marts.fct_portout_numbers using (portout_id)"
        " where urgency = 'overdue'",
    )
    assert re.search(rf">{re.escape(number)}\n[A-Z][a-z]", row)  # and its place


# How many numbers leave


def test_one_count_and_one_span_of_time_for_what_left(account: Run) -> None:
    [(numbers, orders, now, before)] = ask(
        account.database,
        """
        with marked as (
            select *, (select max(day) from marts.dim_days) - day as age from marts.agg_portouts_daily
        )
        select
            sum(numbers_ported) filter (age < 365),
            sum(orders_ported) filter (age < 365),
            sum(numbers_ported) filter (age between 1 and 28),
            sum(numbers_ported) filter (age between 29 and 56),
        from marked
        """,
    )
    change = f"{abs(now - before) / before:.0%} {'more' if now > before else 'fewer'} than"
    answer = account.answer(NOTEBOOKS[1])
    assert answer.startswith(
        f"{numbers} numbers left in the last 365 days; {now} in the last 28 whole days, {change} in the 28 days before."
    )
    assert f"numbers left in the last 365 days: {numbers} in {orders} orders" in answer
    assert f"of the {numbers} numbers that left in the last 365 days" in account.answer(NOTEBOOKS[2])
    assert f"of {numbers} numbers in the last 365 days." in account.titles(NOTEBOOKS[1])[-1]
    for chart in (account.charts(NOTEBOOKS[1])[0], account.charts(NOTEBOOKS[2])[0]):
        assert sum(row["numbers"] for row in rows_of(chart) if row["days"] == 365) == numbers


def test_a_port_out_known_by_its_range_only_is_drawn_as_such_and_is_no_spike(account: Run) -> None:
    ranges = ask(
        account.database, "select ported_on, number_count from marts.fct_portouts where ported_at_source = 'range'"
    )
    assert ranges
    months, _, rolling, *_ = account.charts(NOTEBOOKS[1])
    drawn = [row for row in rows_of(months) if row["part"] == "exact day unknown" and row["days"] > 365]
    assert sum(row["numbers"] for row in drawn) == sum(numbers for _, numbers in ranges)
    [(exact,)] = ask(account.database, "select count(*) from marts.fct_portouts where ported_at_source = 'event'")
    [(in_28_days,)] = ask(
        account.database,
        "select count(*) from marts.fct_portouts where ported_at_source = 'event'"
        " and (select max(day) from marts.dim_days) - ported_on between 1 and 28",
    )
    ported = [row["orders"] for row in rows_of(rolling) if row["kind"] == "ported"]
    assert ported[-1] == in_28_days < exact


# Who gains them


def test_the_carrier_with_most_numbers_comes_first_with_the_same_count_everywhere(account: Run) -> None:
    [(name, numbers, share)] = ask(
        account.database,
        """
        select carrier_name, sum(number_count) as numbers, numbers / sum(numbers) over () as share
        from marts.fct_portouts
        where (select max(day) from marts.dim_days) - ported_on < 365
        group by carrier_id, carrier_name
        order by numbers desc
        limit 1
        """,
    )
    answer = account.answer(NOTEBOOKS[2])
    assert answer.startswith(f"{name} gains most: {share:.0%} of the ")
    assert f"numbers gained by {name}: {numbers} in the last 365 days" in answer
    assert account.titles(NOTEBOOKS[2])[0].startswith(f"{name} gained {numbers} numbers in the last 365 days, ")
    [table] = account.tables(NOTEBOOKS[2])
    assert re.search(rf">{name}</td>(?:(?!</tr>).)*>{numbers}</td>", table, re.DOTALL)


# How fast do we answer


def test_the_median_of_all_answers_the_share_of_silence_and_what_has_no_answer(account: Run) -> None:
    [(median, ours, silence, without_us, waiting)] = ask(
        account.database,
        """
        select
            median(responses.response_hours) filter (not is_censored),
            median(responses.response_hours) filter (responses.response in ('authorized', 'rejected')),
            count(*) filter (responses.response = 'authorized_automatically') / count(*) filter (not is_censored),
            count(*) filter (is_censored and responses.response <> 'open'),
            count(*) filter (responses.response = 'open'),
        from marts.fct_responses as responses
        inner join marts.fct_portouts as orders using (portout_id)
        where (select max(day) from marts.dim_days) - orders.received_on < 365
        """,
    )
    answer = account.answer(NOTEBOOKS[3])
    assert answer.startswith(f"Half of all answers come within {median:.1f} h; {silence:.0%} come by silence.")
    assert f"median time to an answer of our own: {ours:.1f} h" in answer
    assert f"{without_us} ended without us, {waiting} still wait." in answer
    words = " ".join([answer, *account.titles(NOTEBOOKS[3])]).lower()
    assert [word for word in ("censored", "kaplan", "spell") if word in words] == []


# What should be checked


def test_what_to_check_is_counted_as_in_the_marts_and_what_can_be_rejected_comes_first(
    account: Run,
) -> None:
    [(checks, waiting, gone, numbers)] = ask(
        account.database,
        "select count(*), count(*) filter (status = 'pending'), count(*) filter (status = 'ported'), sum(number_count)"
        " from marts.rpt_port_outs_to_check where label is null",
    )
    [(active, all_of)] = ask(
        account.database, "select count(*) filter (problem = 'still active'), count(*) from marts.rpt_left_but_active"
    )
    customers = ask(
        account.database,
        "select customer_reference, numbers_asked, numbers_held from marts.rpt_customers_leaving"
        " where customer_reference is not null and share_of_numbers >= 0.1",
    )
    assert min(checks, waiting, active) > 1 <= len(customers)
    answer = account.answer(NOTEBOOKS[4])
    are = "is" if len(customers) == 1 else "are"
    assert answer.startswith(
        f"{checks} port-outs should be checked; {active} numbers are still in service after leaving; "
        f"{len(customers)} customer{'s' if len(customers) > 1 else ''} {are} leaving.\n"
    )
    assert f"port-outs to check: {checks} {numbers} numbers; {gone} orders ported already" in answer
    assert f"of them can still be rejected: {waiting} " in answer
    asked, held = (sum(row[place] for row in customers) for place in (1, 2))
    assert f"customers are leaving: {len(customers)} with {asked} of their {held} number" in answer
    to_check, left, leaving = account.tables(NOTEBOOKS[4])
    statuses = re.findall(r">(pending|authorized|ported|rejected-pending)</td>", to_check)
    assert len(statuses) == min(checks, 15)
    assert statuses[:waiting] == ["pending"] * min(waiting, 15)
    assert left.count(">in service ") == min(active, 15)
    assert {name for name, *_ in customers} == set(re.findall(r">([A-Z]+-\d{4})</td>", leaving))
    cut = {"rpt_port_outs_to_check": checks, "rpt_left_but_active": all_of}
    said = [text for text in account.of_type(NOTEBOOKS[4], "text/markdown") if text.startswith("Shown are")]
    assert said == [
        f"Shown are the first 15 of {rows}. `portouts export --output {mart}.csv --mart {mart}` writes all."
        for mart, rows in cut.items()
        if rows > 15
    ]


def test_the_share_that_leaves_is_that_of_the_mart_and_at_most_so_before_the_first_list(account: Run) -> None:
    months = ask(
        account.database,
        "select month, is_complete, port_out_rate, is_lower_bound from marts.agg_port_out_rate_monthly"
        " where breakdown = 'all' and port_out_rate is not null order by month",
    )
    chart = account.charts(NOTEBOOKS[1])[1]
    drawn = {row["month"][:10]: (row["port_out_rate"], row["kind"]) for row in rows_of(chart)}
    kinds = {True: "at most this share", False: "share"}
    assert drawn == {f"{month}": (round(rate, 5), kinds[is_bound]) for month, _, rate, is_bound in months}
    [*_, (month, _, rate, is_bound)] = [row for row in months if row[1]]
    said = f"{'At most ' if is_bound else ''}{rate:.1%} of the numbers in service left in {month:%B %Y}, after "
    assert account.titles(NOTEBOOKS[1])[1].startswith(said)
    figure = f"of the numbers in service left in {month:%B %Y}: {rate:.1%}{' at most' * is_bound}"
    assert figure in account.answer(NOTEBOOKS[1]).splitlines()


@pytest.fixture(scope="module")
def to_check(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Run the last notebook against data with masked fields, and against the account with one order labelled."""
    databases = {pii: publish_masked(pii, tmp_path_factory.mktemp(pii)) for pii in ("hash", "drop")}
    databases["labelled"] = Path(shutil.copy(database, tmp_path_factory.mktemp("labelled")))
    with duckdb.connect(str(databases["labelled"])) as connection:
        connection.execute(
            "update marts.rpt_port_outs_to_check set label = 'winback' "
            "where portout_id = (select min(portout_id) from marts.rpt_port_outs_to_check)"
        )
    return run_each(databases, tmp_path_factory.mktemp("notebooks") / "to_check", NOTEBOOKS[4:])


def test_an_order_with_a_label_was_checked_and_is_left_out(account: Run, to_check: Mapping[str, Run]) -> None:
    [(checks,)] = ask(account.database, "select count(*) from marts.rpt_port_outs_to_check")
    assert account.answer(NOTEBOOKS[4]).startswith(f"{checks} port-outs should be checked;")
    assert to_check["labelled"].answer(NOTEBOOKS[4]).startswith(f"{checks - 1} port-outs should be checked;")


def test_masked_data_are_hidden_what_is_dropped_is_said_to_be_unknown_and_a_long_list_is_cut(
    to_check: Mapping[str, Run],
) -> None:
    hashed, dropped = to_check["hash"], to_check["drop"]
    assert "20 numbers are still in service after leaving; 1 customer is leaving." in hashed.answer(NOTEBOOKS[4])
    checks, left, leaving = hashed.tables(NOTEBOOKS[4])
    for table in (checks, left, leaving):
        assert ">hidden</td>" in table
    assert not re.search("[0-9a-f]{32}|MASKED|Example", checks + left + leaving)
    assert left.count(">in service 5 days after it left</td>") == 15
    [shown] = [text for text in hashed.of_type(NOTEBOOKS[4], "text/markdown") if text.startswith("Shown are")]
    assert shown.startswith("Shown are the first 15 of 20. `portouts export --output rpt_left_but_active.csv ")
    assert "is known unless the setting pii is drop." in dropped.answer(NOTEBOOKS[4])
    assert len(dropped.tables(NOTEBOOKS[4])) == 1
    assert ">hidden<" not in dropped.tables(NOTEBOOKS[4])[0]


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize("orders", SMALL)
def test_with_at_most_one_order_a_notebook_shows_placeholders(name: str, orders: str, small: Mapping[str, Run]) -> None:
    run = small[orders]
    assert {output["output_type"] for output in run.outputs(name)} <= {"execute_result", "display_data"}
    shown = [*run.titles(name), *run.tables(name), *run.placeholders(name)]
    assert len(shown) == CHARTS[name] + TABLES[name] - OF_INVENTORY[name]
    assert run.answer(name)
    assert not re.search(r"\b(nan|inf|NaT|None|&lt;NA&gt;)\b", " ".join([*shown, run.answer(name)]))


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OF_A_YEAR = "of the requests of the last 365 days still wait"
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
    """Run the fourth notebook against an account for each of these lists of waits."""
    databases = {name: publish_answers(tmp_path_factory.mktemp("answers"), waits) for name, waits in WAITS.items()}
    return run_each(databases, tmp_path_factory.mktemp("notebooks") / "answers", NOTEBOOKS[3:4])


@pytest.mark.parametrize(
    ("case", "headline", "figures", "curve", "unit"),
    [
        (
            "one of 200 late",
            "Half of all answers come within 1 h; 0.5% come by silence.",
            ["99.5% within 24 hours", "of answers by silence (estimate): 0.5% 1 of 200"],
            f"After 24 h 0.5% {OF_A_YEAR}, and 0.5% after 48 h.",
            "hours",
        ),
        (
            "at once",
            "Half of all answers come at once; 0% come by silence.",
            ["median time to an answer: 0 min", "100% within 24 hours"],
            "All answers of the last 365 days came at once; 0% still wait.",
            "hours",
        ),
        (
            "most at once",
            "Half of all answers come at once; 0% come by silence.",
            ["nine of ten within 1.4 h"],
            f"After 2 h 0% {OF_A_YEAR}; no longer time is known yet.",
            "hours",
        ),
        (
            "within a minute",
            "Half of all answers come within 30 s; 0% come by silence.",
            ["median time to an answer: 30 s"],
            f"After 40 s 0% {OF_A_YEAR}; no longer time is known yet.",
            "seconds",
        ),
        (
            "a single one",
            "Half of all answers come within 15 min; 0% come by silence.",
            ["1 request in the last 365 days, 1 is answered, by us or by silence; 0 ended without us, 0 still wait."],
            f"After 15 min 0% {OF_A_YEAR}; no longer time is known yet.",
            "minutes",
        ),
        (
            "at the deadline",
            "Half of all answers come within 24.5 h; 50% come by silence.",
            ["50% within 24 hours"],
            f"After 24 h 50% {OF_A_YEAR}; after 48 h all were answered, the last 50% by silence.",
            "hours",
        ),
        (
            "very late",
            "Half of all answers come within 3 days; 100% come by silence.",
            ["0% within 24 hours"],
            f"After 24 h 100% {OF_A_YEAR}, and 100% after 48 h.",
            "hours",
        ),
    ],
    ids=list(WAITS),
)
def test_answers_are_shown_from_0_hours_on_and_no_share_is_rounded_away(
    case: str, headline: str, figures: list[str], curve: str, unit: str, answers: Mapping[str, Run]
) -> None:
    run = answers[case]
    answer = run.answer(NOTEBOOKS[3])
    assert answer.splitlines()[0] == headline
    assert [figure for figure in figures if figure not in answer] == []
    assert run.titles(NOTEBOOKS[3])[-1] == curve
    chart = json.dumps(run.charts(NOTEBOOKS[3])[-1])
    assert f'"title": "{unit} since the request"' in chart


def test_the_curve_falls_at_the_end_of_the_window_and_goes_on_behind_it(answers: Mapping[str, Run]) -> None:
    points = [row for row in rows_of(answers["at the deadline"].charts(NOTEBOOKS[3])[-1]) if "share" in row]
    assert {row["share"] for row in points if 1 <= row["hours"] < 48} == {0.5}
    assert {row["share"] for row in points if row["hours"] >= 48} == {0}
    assert points[-1]["hours"] == 60
