"""`portouts report`: one page that needs no other file, written whole or not at all, and opened in a real browser.

The notebooks behind it run once per warehouse: a full one, nearly empty ones, and an empty one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]  # comes with ipykernel, its stubs do not
import pytest
from chromium import NAMES as BROWSERS
from chromium import Page, find_chromium, opened
from portouts.errors import NotebookFailed, NotPublished, ReportFailed
from portouts.report.names import as_html
from portouts.report.notebooks import Section, notebooks_folder, run_notebooks
from portouts.report.page import DEFAULT_NAME, Report, build_report
from published_warehouses import SMALL, publish_account, publish_answers, publish_gains, publish_small
from simulated_account import ask

NOTEBOOKS = [
    "01_how_many_numbers_leave",
    "02_who_gains_them",
    "03_how_fast_do_we_answer",
    "04_what_needs_an_answer_today",
]
# What each shows of a full warehouse, in order.
CHARTS = {NOTEBOOKS[0]: 5, NOTEBOOKS[1]: 3, NOTEBOOKS[2]: 4, NOTEBOOKS[3]: 3}
ALL_CHARTS = sum(CHARTS.values())
TABLES = {NOTEBOOKS[0]: 0, NOTEBOOKS[1]: 1, NOTEBOOKS[2]: 0, NOTEBOOKS[3]: 2}
Cell = dict[str, Any]
VOID = {"meta", "link", "br", "hr", "img", "input"}
WIDTHS = (1280, 400)
VISIBLE = "[...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().width > 0)"
CUT_TEXTS = (
    f"{VISIBLE}.flatMap(svg => {{ const frame = svg.getBoundingClientRect();"
    "  return [...svg.querySelectorAll('text')].filter(text => { const box = text.getBoundingClientRect();"
    "    return box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2"
    "      || box.bottom > frame.bottom + 2 || box.height < 11; }).map(text => text.textContent) })"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_account(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_small("empty", tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def report(database: Path) -> Report:
    return build_report(database)


class Run(NamedTuple):
    """All notebooks after a run against one warehouse; what they show is compared with plain SQL."""

    database: Path
    notebooks: Mapping[str, list[Cell]]

    def shown(self, name: str, kind: str) -> list[Mapping[str, Any]]:
        outputs = [output for cell in self.notebooks[name] for output in cell.get("outputs", [])]
        return [output["data"] for output in outputs if output["metadata"].get("portouts", {}).get("kind") == kind]

    def answer(self, name: str) -> str:
        [answer] = self.shown(name, "Answer")
        return str(answer["text/plain"])


def run_of(database: Path, sections: Sequence[Section]) -> Run:
    return Run(database, {section.notebook.removesuffix(".ipynb"): list(section.cells) for section in sections})


@pytest.fixture(scope="module")
def account(report: Report, database: Path) -> Run:
    return run_of(database, report.sections)


@pytest.fixture(scope="module")
def empty_report(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build_report(empty, tmp_path_factory.mktemp("reports") / "new" / "page.html")


@pytest.fixture(scope="module", params=SMALL)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    if request.param == "empty":
        return run_of(request.getfixturevalue("empty"), request.getfixturevalue("empty_report").sections)
    database = publish_small(request.param, tmp_path_factory.mktemp("small"))
    return run_of(database, run_notebooks(database, notebooks_folder()))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return report.output.read_text(encoding="utf-8")


def write_notebook(folder: Path, name: str, *cells: str) -> Path:
    """Write a notebook of code cells under a question."""
    folder.mkdir(exist_ok=True)
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"step-{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for n, cell in enumerate(cells)
    ]
    question = {"cell_type": "markdown", "id": "question", "metadata": {}, "source": "# Does it run?"}
    notebook = {"cells": [question, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook))
    return folder


def kernels() -> list[str]:
    """List the kernels that descend from this process."""
    started = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    return [command for command in started if "ipykernel" in command]


# What the notebooks show


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_runs_without_a_word_of_warning(name: str, account: Run) -> None:
    outputs = [output for cell in account.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    assert len(account.shown(name, "Chart")) == CHARTS[name]
    assert len(account.shown(name, "Table")) == TABLES[name]
    assert account.shown(name, "Placeholder") == []


@pytest.mark.parametrize("name", NOTEBOOKS)
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
    assert account.answer(NOTEBOOKS[0]).startswith(
        f"{now} numbers left in the last 28 days, {change} in the 28 days before."
    )
    assert f"numbers left in 28 days: {now} in {orders} orders" in account.answer(NOTEBOOKS[0])


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
    assert account.answer(NOTEBOOKS[1]).startswith(
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
    answer = account.answer(NOTEBOOKS[2])
    assert answer.startswith(f"Half of all answers come within {median:.1f} h; {silence:.0%} come by silence.")
    assert f"Censored: {censored} ended without us, {waiting} still wait." in answer


def test_what_needs_an_answer_is_every_pending_order_by_urgency(account: Run) -> None:
    counts = dict(ask(account.database, "select urgency, count(*) from marts.rpt_open_orders group by urgency"))
    answer = account.answer(NOTEBOOKS[3])
    for label, urgency in (("critical", "critical"), ("soon", "soon"), ("ample", "ample")):
        assert f"\n{label}: {counts.get(urgency, 0)} " in answer
    assert f"\npast the deadline: {counts.get('overdue', 0)} " in answer
    listed = "".join(table["text/html"] for table in account.shown(NOTEBOOKS[3], "Table"))
    keys = ask(account.database, "select support_key from marts.rpt_open_orders")
    assert [key for (key,) in keys if key not in listed] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_with_at_most_one_order_a_notebook_says_what_is_missing(name: str, small: Run) -> None:
    outputs = [output for cell in small.notebooks[name] for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] not in {"execute_result", "display_data"}] == []
    charts, tables = small.shown(name, "Chart"), small.shown(name, "Table")
    assert len(charts) + len(tables) + len(small.shown(name, "Placeholder")) == CHARTS[name] + TABLES[name]
    assert small.answer(name)
    text = "".join(str(shown["text/html"]) for shown in [*charts, *tables])
    assert not re.search(r"\b(nan|inf|NaT|None|&lt;NA&gt;)\b", text)


# Names from the data

TURNED = "\u202eTelnoC evilE\u202c gains"
NAMES = [
    TURNED,
    "\u2066Isolated\u2067 & \u2069Sons\u200f",
    "\u05d1\u05d6\u05e7 24",
    "\u0628\u064a\u0632\u0643 \u062a\u0644\u0643\u0648\u0645 2",
    "Nul\0l\x07 \x9bTel\x7f\ufffe",
    "Line\nbreak\u2028Tel\t",
    "<script>document.title='x'</script>",
    "</svg></figure><h1>x</h1>",
    "&lt;b&gt; Tel",
    "$a_1$ & $b$ *Tel* `x` [y](z) {{7*7}}",
    " id=\"svg\" url(#x) 'DejaVu Sans', Tel",
    "iBasis",
    "Beta, Inc.",
    "None",
    "NaN",
    "unknown",
    "W" * 140,
    "\u65e5\u672c\u96fb\u4fe1\u96fb\u8a71\u682a\u5f0f\u4f1a\u793e" * 3,
    "\U0001f4de\U0001f1ee\U0001f1ea Ring",
    "Z\u0351\u036b\u0343a\u0348\u035algo Tel",
    "\0\u200b",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Report:
    gains = [(name, 30 - place) for place, name in enumerate(NAMES)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOURCES__TELNYX__TIME_ZONE", "America/New_York")
        database = publish_gains(tmp_path_factory.mktemp("hostile"), gains)
    return build_report(database)


@pytest.fixture(scope="module")
def hostile_page(hostile: Report) -> str:
    return hostile.output.read_text(encoding="utf-8")


def test_names_that_cannot_be_drawn_cause_no_warning(hostile: Report) -> None:
    outputs = [output for section in hostile.sections for cell in section.cells for output in cell.get("outputs", [])]
    assert {output["output_type"] for output in outputs} == {"execute_result"}


def test_no_control_character_reaches_the_page(hostile_page: str) -> None:
    kinds = {character: unicodedata.category(character) for character in set(hostile_page) - {"\n"}}
    isolates = {"\u2068", "\u2069"}  # around names in charts that are written from right to left
    assert {kinds[character] for character in kinds.keys() - isolates} & {"Cc", "Cs", "Cn", "Zl", "Zp"} == set()
    assert {character for character, kind in kinds.items() if kind == "Cf"} <= isolates
    Outline(hostile_page)


def test_a_name_does_not_turn_the_sentence_around_it(hostile: Report, hostile_page: str) -> None:
    said = "<bdi>TelnoC evilE gains</bdi> gains most: 7% of the 420 numbers that left since October 2026"
    assert hostile_page.count(said) == 2  # on top, and in its section
    assert "\u2068" not in json.dumps(hostile.to_json(), ensure_ascii=False) + str(hostile)


@pytest.mark.parametrize(
    "shown",
    [
        "TelnoC evilE gains",
        "Isolated &amp; Sons",
        "Null Tel",
        "Line break Tel",
        "&lt;script&gt;document.title=&#x27;x&#x27;&lt;/script&gt;",
        "&amp;lt;b&amp;gt; Tel",
        "$a_1$ &amp; $b$ *Tel* `x` [y](z) {{7*7}}",
    ],
)
def test_a_name_stands_in_the_table_as_it_is_less_what_cannot_be_seen(shown: str, hostile_page: str) -> None:
    assert f'<td class="name"><bdi>{shown}</bdi></td>' in hostile_page


def test_a_name_is_drawn_as_it_is(hostile_page: str) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)", hostile_page)
    assert {"\u2068\u05d1\u05d6\u05e7 24\u2069", "&lt;/svg&gt;&lt;/figure&gt;&lt;h1&gt;x&lt;/h1&gt;"} <= set(texts)
    assert [text for text in texts if "—" in text] == []  # the stand-in for letters that matplotlib's font lacks


def test_the_last_gain_is_a_day_of_the_reporting_zone(hostile: Report, hostile_page: str) -> None:
    days = {day for (day,) in ask(hostile.output.with_name("gains.duckdb"), "select ported_on from marts.fct_portouts")}
    assert {day.isoformat() for day in days} == {"2026-10-31"}
    assert hostile_page.count('<td class="figure secondary">31 October 2026</td>') == 10
    assert "1 November 2026</td>" not in hostile_page


@pytest.mark.parametrize("width", [1280, 320])
def test_figures_stay_in_sight_beside_names_without_blanks(width: int, hostile: Report, tmp_path: Path) -> None:
    if find_chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with opened(hostile.output, width=width, profile=tmp_path) as page:
        assert page.evaluate("[window.innerWidth, document.documentElement.scrollWidth]") == [width, width]
        assert page.evaluate("[...document.querySelectorAll('.table')].every(t => t.scrollWidth <= t.clientWidth)")
        ends = page.evaluate("[...document.querySelectorAll('td')].map(t => t.getBoundingClientRect().right)")
        assert 200 < max(ends) <= width
        assert width < 368 or page.evaluate(CUT_TEXTS) == []  # on a narrower phone charts shrink
        assert page.evaluate("document.title").startswith("Port-outs as of")
        assert page.complaints() == []


def notebook_of(name: str, folder: Path) -> Path:
    """Copy one notebook into a folder of its own."""
    folder.mkdir()
    shutil.copy(notebooks_folder() / f"{name}.ipynb", folder)
    return folder


def run_one(name: str, database: Path, folder: Path) -> Run:
    return run_of(database, run_notebooks(database, notebook_of(name, folder / "notebooks")))


@pytest.mark.parametrize(
    ("gains", "headline", "ranking"),
    [
        (
            [("iBasis", 4), ("magicJack", 4)],
            "iBasis and magicJack gain most, as many each: 50% of the 8 numbers that left since October 2026.",
            "iBasis gained 4 numbers, as many as magicJack.",
        ),
        (
            [("eVoice", 26), ("Beta, Inc.", 25)],
            "eVoice gains most: 51% of the 51 numbers that left since October 2026.",
            "eVoice gained 26 numbers, 4% more than Beta, Inc.",
        ),
        (
            [("unknown", 2), ("\x07", 1)],
            "unknown gains most: 67% of the 3 numbers that left since October 2026.",
            "unknown gained 2 numbers, 2 times as many as 001X.",
        ),
    ],
    ids=["as many as", "a little more than", "nothing of a name can be seen"],
)
def test_a_sentence_takes_a_name_as_it_is(
    gains: list[tuple[str, int]], headline: str, ranking: str, tmp_path: Path
) -> None:
    run = run_one(NOTEBOOKS[1], publish_gains(tmp_path, gains), tmp_path)
    assert run.answer(NOTEBOOKS[1]).splitlines()[0] == headline
    assert run.shown(NOTEBOOKS[1], "Chart")[0]["text/plain"].startswith(f"{ranking} (")


def test_carriers_that_are_called_alike_show_their_spids(tmp_path: Path) -> None:
    gains = [("Example.net - CA", 4), ("Example.net - CA", 3), ("Example.net - NY", 2)]
    run = run_one(NOTEBOOKS[1], publish_gains(tmp_path, gains), tmp_path)
    assert run.answer(NOTEBOOKS[1]).startswith("000X Example.net - CA gains most: 44% of the 9 numbers")
    ranking = run.shown(NOTEBOOKS[1], "Chart")[0]["text/plain"]
    assert ranking.startswith("000X Example.net - CA gained 4 numbers, 33% more than 001X Example.net - CA. (")


def test_carriers_of_one_operator_are_one_in_the_ranking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operators = tmp_path / "operators.csv"
    operators.write_text("carrier_id,operator\n000X,Example Group\n002X,Example Group\n", encoding="utf-8")
    monkeypatch.setenv("SOURCES__TELNYX__OPERATORS", str(operators))
    run = run_one(NOTEBOOKS[1], publish_gains(tmp_path, [("First", 3), ("Second", 4), ("Third", 2)]), tmp_path)
    assert run.answer(NOTEBOOKS[1]).startswith("Example Group gains most: 56% of the 9 numbers")


# How fast answers come


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("waits", "headline", "figures", "curve", "unit"),
    [
        (
            [48.5 * HOUR] + [HOUR] * 199,
            "Half of all answers come within 1 h; 0.5% come by silence.",
            ["99.5% within 24 hours", "of answers by silence (estimate): 0.5% 1 of 200"],
            "After 24 h 0.5% still wait, and 0.5% after 48 h.",
            "hours",
        ),
        (
            [0 * HOUR] * 12,
            "Half of all answers come at once; 0% come by silence.",
            ["median time to an answer: 0 min", "100% within 24 hours"],
            "All answers came at once; 0% still wait.",
            "hours",
        ),
        (
            [0 * HOUR] * 3 + [2 * HOUR],
            "Half of all answers come at once; 0% come by silence.",
            ["for nine of ten answers: 1.4 h"],
            "After 2 h 0% still wait; no longer time is known yet.",
            "hours",
        ),
        (
            [20 * SECOND, 30 * SECOND, 40 * SECOND],
            "Half of all answers come within 30 s; 0% come by silence.",
            ["median time to an answer: 30 s"],
            "After 40 s 0% still wait; no longer time is known yet.",
            "seconds",
        ),
        (
            [15 * MINUTE],
            "Half of all answers come within 15 min; 0% come by silence.",
            ["Of the 1 request of the last 90 days, 1 is answered. Censored: 0 ended without us, 0 still wait."],
            "After 15 min 0% still wait; no longer time is known yet.",
            "minutes",
        ),
        (
            [48 * HOUR] * 2 + [HOUR] * 2,
            "Half of all answers come within 24.5 h; 50% come by silence.",
            ["50% within 24 hours"],
            "After 24 h 50% still wait; at 48 h silence brings them from 50% to 0%.",
            "hours",
        ),
        (
            [80 * HOUR],
            "Half of all answers come within 3 days; 100% come by silence.",
            ["0% within 24 hours"],
            "After 24 h 100% still wait, and 100% after 48 h.",
            "hours",
        ),
    ],
    ids=[
        "one of 200 late",
        "at once",
        "most at once",
        "within a minute",
        "a single one",
        "at the deadline",
        "very late",
    ],
)
def test_answers_are_shown_from_0_hours_on_and_no_share_is_rounded_away(
    waits: list[timedelta], headline: str, figures: list[str], curve: str, unit: str, tmp_path: Path
) -> None:
    run = run_one(NOTEBOOKS[2], publish_answers(tmp_path, waits), tmp_path)
    answer = run.answer(NOTEBOOKS[2])
    assert answer.splitlines()[0] == headline
    assert [figure for figure in figures if figure not in answer] == []
    [shown] = [chart for chart in run.shown(NOTEBOOKS[2], "Chart") if "their first 72 hours" in chart["text/plain"]]
    assert shown["text/plain"].startswith(f"{curve} (")
    assert f">{unit} since the request<" in shown["text/html"]


# What is written


def test_the_page_lies_beside_the_database_and_the_command_prints_its_answers(report: Report, database: Path) -> None:
    assert report.output == database.with_name(DEFAULT_NAME)
    printed = report.to_json()
    assert json.loads(json.dumps(printed)) == printed
    assert list(printed["answers"]) == [
        "How many numbers leave?",
        "Who gains them?",
        "How fast do we answer?",
        "What needs an answer today?",
    ]
    assert all(printed["answers"].values())
    [(as_of,)] = ask(database, "select max(as_of) from marts.rpt_sync")
    assert (printed["as_of"], printed["is_proven"]) == (as_of.isoformat(), True)
    assert str(report).endswith(str(report.output))


def test_the_four_answers_stand_on_top_and_in_their_sections(report: Report, page: str) -> None:
    top, body = page.split("<main>")
    for section in report.sections:
        assert f'href="#{section.anchor}"' in top
        assert f'id="{section.anchor}"' in body
        for text in (section.question, section.headline):
            assert as_html(text) in top
            assert as_html(text) in body


def test_code_is_hidden_and_prose_is_kept(page: str) -> None:
    assert "import portouts" not in page
    assert "Chart(" not in page
    assert "A number counts on the day on which it left." in page


class Outline(HTMLParser):
    """The tags of a page, its ids, its headings and every address in it; asserts that tags are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.addresses: list[str] = []
        self.images: list[str | None] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        self.ids += [given["id"] or ""] if "id" in given else []
        self.addresses += [
            value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "data", "action"}
        ]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if given.get("role") == "img":
            self.images.append(given.get("aria-label"))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


def test_the_page_names_its_language_and_its_title(page: str) -> None:
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page
    assert re.search(r"<title>Port-outs as of \d+ \w+ \d{4}, \d\d:\d\d UTC</title>", page)


def test_headings_are_in_order_and_ids_are_unique(outline: Outline) -> None:
    assert outline.headings.count(1) == 1
    assert outline.headings.count(2) == 4
    assert all(below - above <= 1 for above, below in zip([0, *outline.headings], outline.headings, strict=False))
    assert [id_ for id_, count in Counter(outline.ids).items() if count > 1] == []


def test_every_chart_is_an_image_with_a_description(outline: Outline) -> None:
    assert outline.tags["figure"] == ALL_CHARTS
    assert len(outline.images) == outline.tags["svg"] == 2 * ALL_CHARTS  # for a desk and for a phone
    assert [label for label in outline.images if not label or len(label) < 40] == []


def test_nothing_in_the_page_points_outside_of_it(page: str, outline: Outline) -> None:
    assert outline.tags["script"] == 0
    assert [address for address in outline.addresses if not address.startswith("#") and address != "data:,"] == []
    assert {address.removeprefix("#") for address in outline.addresses if address.startswith("#")} <= set(outline.ids)
    assert {link for link in re.findall(r"https?://[^\"' )<]+", page) if "www.w3.org" not in link} == set()
    assert not re.search(r"@import|@font-face|url\((?!#)", page)


def test_a_carrier_name_stays_text(page: str) -> None:
    assert "&lt;b&gt;A$AP &amp; $ons&lt;/b&gt;" in page
    assert "<b>A$AP" not in page


def test_nobodys_name_or_address_is_in_the_page(page: str, database: Path) -> None:
    personal = ask(
        database,
        "select unnest([authorized_name, end_user_name, service_address]) from raw.portouts"
        " union select phone_number from marts.fct_portout_numbers",
    )
    said = {value for (value,) in personal if value and len(value) > 5}
    assert len(said) > 100
    assert {value for value in said if value in page} == set()


def test_an_empty_warehouse_makes_a_page_that_says_so(empty_report: Report) -> None:
    page = empty_report.output.read_text(encoding="utf-8")
    assert "No number has left yet." in page
    assert "Nothing waits for an answer." in page
    assert Outline(page).tags["figure"] == 0


# What fails


@pytest.fixture
def old_page(tmp_path: Path) -> Path:
    file = tmp_path / "page.html"
    file.write_text("yesterday's")
    return file


def test_a_failing_cell_is_named_and_the_old_page_stays(empty: Path, old_page: Path) -> None:
    notebooks = write_notebook(old_page.parent / "notebooks", "01_fails", "x = 1", "x / 0")
    with pytest.raises(
        NotebookFailed, match=r"^01_fails\.ipynb, cell 3 \(step-1\): ZeroDivisionError: division by zero$"
    ):
        build_report(empty, old_page, notebooks)
    assert old_page.read_text() == "yesterday's"
    assert sorted(path.name for path in old_page.parent.iterdir()) == ["notebooks", "page.html"]


def test_a_kernel_that_dies_is_a_failure_with_a_name(empty: Path, old_page: Path) -> None:
    notebooks = write_notebook(old_page.parent / "notebooks", "01_dies", "import os\nos._exit(3)")
    with pytest.raises(NotebookFailed, match=r"^01_dies\.ipynb, .*died"):
        build_report(empty, old_page, notebooks)
    assert kernels() == []


def test_no_kernel_is_left_running(empty: Path, tmp_path: Path) -> None:
    notebooks = write_notebook(tmp_path / "notebooks", "01_fails", "1 / 0")
    write_notebook(notebooks, "02_runs", "1")
    with pytest.raises(NotebookFailed):
        build_report(empty, tmp_path / "page.html", notebooks)
    assert kernels() == []


@pytest.mark.parametrize("place", ["the database", "a folder", "below a file"])
def test_a_place_that_cannot_be_written_is_refused_and_left_alone(place: str, empty: Path, tmp_path: Path) -> None:
    notebooks = write_notebook(tmp_path / "notebooks", "01_runs", "1")
    before = empty.read_bytes()
    target = {"the database": empty, "a folder": tmp_path, "below a file": empty / "page.html"}[place]
    with pytest.raises(ReportFailed, match=re.escape(str(target))):
        build_report(empty, target, notebooks)
    assert empty.read_bytes() == before


def test_without_a_database_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="Run `portouts sync`"):
        build_report(tmp_path / "no.duckdb")
    assert list(tmp_path.iterdir()) == []


# What it depends on


def test_a_file_published_while_notebooks_run_makes_them_run_again(database: Path, empty: Path, tmp_path: Path) -> None:
    published, coming = tmp_path / "warehouse.duckdb", tmp_path / "coming.duckdb"
    shutil.copyfile(database, published)
    shutil.copyfile(empty, coming)
    notebooks = write_notebook(
        tmp_path / "notebooks",
        "01_meanwhile",
        f"""
from pathlib import Path
import portouts
from portouts.report.components import Answer
orders = len(portouts.mart("fct_portouts"))
if (coming := Path({str(coming)!r})).exists():
    coming.replace({str(published)!r})
Answer(f"{{orders}} orders")
""",
    )
    assert build_report(published, notebooks=notebooks).to_json()["answers"] == {"Does it run?": "0 orders"}


def test_a_file_that_never_holds_still_is_given_up(empty: Path, tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    shutil.copyfile(empty, published)
    next_one = f"{published}.next"
    restless = f"import os, shutil\nshutil.copyfile({str(empty)!r}, {next_one!r})\n"
    notebooks = write_notebook(
        tmp_path / "notebooks",
        "01_restless",
        restless + f"os.replace({next_one!r}, {str(published)!r})",
    )
    with pytest.raises(NotebookFailed, match="published anew each time"):
        build_report(published, notebooks=notebooks)


def test_kernel_settings_and_home_of_the_user_make_no_difference(empty: Path, tmp_path: Path) -> None:
    """A kernel named python3 that cannot start, start-up code that fails, a home that nobody can write to."""
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit(1)")
    notebooks = write_notebook(
        tmp_path / "notebooks",
        "01_which",
        "import sys\nfrom portouts.report.components import Answer\nAnswer(sys.executable)",
    )
    script = (
        "import sys; from pathlib import Path; from portouts.report.page import build_report\n"
        "made = build_report(*map(Path, sys.argv[1:]))\nprint(made.sections[0].headline)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, empty, tmp_path / "page.html", notebooks],
        env={
            **os.environ,
            "HOME": os.devnull,
            "JUPYTER_PATH": str(tmp_path / "jupyter"),
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "TZ": "Asia/Kolkata",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, sys.executable), done.stderr


# In a browser


@pytest.fixture(scope="module", params=WIDTHS)
def shown(request: pytest.FixtureRequest, report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if find_chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with opened(report.output, width=request.param, profile=tmp_path_factory.mktemp("profile")) as page:
        yield page


def test_the_browser_has_nothing_to_complain_of(shown: Page) -> None:
    assert shown.complaints() == []


def test_no_request_leaves_the_page(shown: Page, report: Report) -> None:
    assert [address for address in shown.requested() if not address.startswith("data:")] == [report.output.as_uri()]


def test_the_page_fits_its_width(shown: Page) -> None:
    width, content = shown.evaluate("[window.innerWidth, document.documentElement.scrollWidth]")
    assert width in WIDTHS
    assert content <= width
    tables = shown.evaluate("[...document.querySelectorAll('.table')].map(t => t.scrollWidth - t.clientWidth)")
    assert tables
    assert max(tables) <= 0


def test_every_chart_is_shown_once_and_has_marks(shown: Page) -> None:
    marks = shown.evaluate(
        f"{VISIBLE}.map(svg => [...svg.querySelectorAll('path, use')].filter(mark => {{"
        "  const box = mark.getBoundingClientRect(); return box.width * box.height > 4 || box.width + box.height > 20"
        "}).length)"
    )
    assert len(marks) == ALL_CHARTS
    assert min(marks) >= 3  # axes and grid lines apart, see the colours below
    colours = shown.evaluate(
        f"{VISIBLE}.map(svg => [...svg.querySelectorAll('[style]')].filter(mark => "
        "/#(0b5fa5|8fc1e8|c8500a|a7b1bb)/.test(mark.getAttribute('style')) && "
        "mark.getBoundingClientRect().height > 0).length)"
    )
    assert min(colours) >= 1


def test_no_text_of_a_chart_is_cut_off_or_too_small(shown: Page) -> None:
    assert shown.evaluate(CUT_TEXTS) == []


def test_a_screenshot_shows_every_section(shown: Page, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        shown.screenshot(tmp_path / "section.png", f"main > section:nth-of-type({number})")
        assert (tmp_path / "section.png").stat().st_size > 20_000
