"""Names from the data in the report: shown as they are, without characters that cannot be seen, and never as markup."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from chromium import NAMES as BROWSERS
from chromium import find_chromium, opened
from portouts.report.page.build import Report, build_report
from published_warehouses import publish_gains
from report_runs import CUT_TEXTS, NOTEBOOKS, Outline, Run, run_each
from simulated_account import ask

pytestmark = pytest.mark.slow

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
    shown = re.sub(r"<script>.*?</script>", "", hostile_page, flags=re.DOTALL)  # without Vega's own code
    kinds = {character: unicodedata.category(character) for character in set(shown) - {"\n"}}
    isolates = {"\u2068", "\u2069"}  # around names in charts that are written from right to left
    assert {kinds[character] for character in kinds.keys() - isolates} & {"Cc", "Cs", "Cn", "Zl", "Zp"} == set()
    assert {character for character, kind in kinds.items() if kind == "Cf"} <= isolates
    Outline(shown)


def test_a_name_does_not_turn_the_sentence_around_it(hostile: Report, hostile_page: str) -> None:
    said = "<bdi>TelnoC evilE gains</bdi> gains most: 7% of the 420 numbers that left in the last 365 days"
    assert hostile_page.count(said) == 2  # on top, and in its section for the period with which the page begins
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
def test_a_table_shows_a_name_as_it_is_without_invisible_characters(shown: str, hostile_page: str) -> None:
    assert re.search(rf'<td [^>]*class="gt_row gt_left">{re.escape(shown)}</td>', hostile_page)


def test_a_name_is_drawn_as_it_is(hostile_page: str) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)", hostile_page)
    assert {"\u2068\u05d1\u05d6\u05e7 24\u2069", "&lt;/svg&gt;&lt;/figure&gt;&lt;h1&gt;x&lt;/h1&gt;"} <= set(texts)


def test_the_last_gain_is_a_day_of_the_reporting_zone(hostile: Report, hostile_page: str) -> None:
    days = {day for (day,) in ask(hostile.output.with_name("gains.duckdb"), "select ported_on from marts.fct_portouts")}
    assert {day.isoformat() for day in days} == {"2026-10-31"}
    assert hostile_page.count(">31 October 2026</td>") == 10
    assert "1 November 2026</td>" not in hostile_page


@pytest.mark.parametrize("width", [1280, 320])
def test_figures_stay_visible_beside_names_without_blanks(width: int, hostile: Report, tmp_path: Path) -> None:
    if find_chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with opened(hostile.output, width=width, profile=tmp_path) as page:
        assert page.evaluate("[window.innerWidth, document.documentElement.scrollWidth]") == [width, width]
        last = page.evaluate("[...document.querySelectorAll('.output')].map(t => t.getBoundingClientRect().right)")
        assert 200 < max(last) <= width  # a table that is wider scrolls in its place
        assert width < 368 or page.evaluate(CUT_TEXTS) == []  # on a narrower phone charts shrink
        assert page.evaluate("document.title").startswith("Port-outs as of")
        assert page.complaints() == []


GAINS = {
    "as many as": [("iBasis", 4), ("magicJack", 4)],
    "a little more than": [("eVoice", 26), ("Beta, Inc.", 25)],
    "nothing of a name can be seen": [("unknown", 2), ("\x07", 1)],
    "similar names": [("Example.net - CA", 4), ("Example.net - CA", 3), ("Example.net - NY", 2)],
    "one parent": [("First", 3), ("Second", 4), ("Third", 2)],
}
CARRIERS = "carrier,parent\n000X,Example Group\n002X,Example Group\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Run the third notebook against an account for each of these gains."""
    folders = {case: tmp_path_factory.mktemp("gains") for case in GAINS}
    parents = folders["one parent"] / "carriers.csv"
    parents.write_text(CARRIERS, encoding="utf-8")
    databases = {}
    for case, gains in GAINS.items():
        with pytest.MonkeyPatch.context() as environment:
            if case == "one parent":
                environment.setenv("SOURCES__TELNYX__CARRIERS", str(parents))
            databases[case] = publish_gains(folders[case], gains)
    return run_each(databases, tmp_path_factory.mktemp("notebooks") / "gains", NOTEBOOKS[2:3])


@pytest.mark.parametrize(
    ("case", "headline", "ranking"),
    [
        (
            "as many as",
            "iBasis and magicJack gain most, as many each: 50% of the 8 numbers that left in the last 365 days.",
            "iBasis gained 4 numbers in the last 365 days, as many as magicJack.",
        ),
        (
            "a little more than",
            "eVoice gains most: 51% of the 51 numbers that left in the last 365 days.",
            "eVoice gained 26 numbers in the last 365 days, 4% more than Beta, Inc.",
        ),
        (
            "nothing of a name can be seen",
            "unknown gains most: 67% of the 3 numbers that left in the last 365 days.",
            "unknown gained 2 numbers in the last 365 days, 2 times as many as 001X.",
        ),
    ],
    ids=["as many as", "a little more than", "nothing of a name can be seen"],
)
def test_a_sentence_takes_a_name_as_it_is(case: str, headline: str, ranking: str, runs: Mapping[str, Run]) -> None:
    run = runs[case]
    assert run.answer(NOTEBOOKS[2]).splitlines()[0] == headline
    assert run.titles(NOTEBOOKS[2])[0] == ranking


def test_carriers_with_similar_names_show_their_spids(runs: Mapping[str, Run]) -> None:
    run = runs["similar names"]
    assert run.answer(NOTEBOOKS[2]).startswith("000X Example.net - CA gains most: 44% of the 9 numbers")
    ranking = "000X Example.net - CA gained 4 numbers in the last 365 days, 33% more than 001X Example.net - CA."
    assert run.titles(NOTEBOOKS[2])[0] == ranking


def test_carriers_of_one_parent_are_one_in_the_ranking(runs: Mapping[str, Run]) -> None:
    assert runs["one parent"].answer(NOTEBOOKS[2]).startswith("Example Group gains most: 56% of the 9 numbers")
