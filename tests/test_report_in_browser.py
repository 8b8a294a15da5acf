"""The page of `portouts report` in a real browser: at every width, dark, on paper, and without scripts.

One page shows our notebooks, one those of an analyst who uses pandas, Matplotlib, Great Tables and Altair.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NAMES as BROWSERS
from chromium import Page, find_chromium, opened
from pdf_pages import filled_to
from portouts.report import theme
from portouts.report.page.build import Report, build_report
from report_runs import ALL_CHARTS, CUT_TEXTS, VISIBLE, database, report, write_notebook

pytestmark = pytest.mark.slow  # kernels and browsers

__all__ = ["database", "report"]  # the fixtures

WIDTHS = (320, 400, 768, 1280, 1920)
PAPER = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}
BOTTOM_MARGIN = 18 * 72 / 25.4  # of the style sheet, in points
DRAWN = (
    "new Promise(done => { const look = () => document.documentElement.dataset.drawn"
    " ? done(true) : requestAnimationFrame(look); look(); })"
)
# How long the longest bar of each chart with bars is.
LONGEST_BARS = (
    f"{VISIBLE}.map(svg => [...svg.querySelectorAll('.mark-rect path')].map(bar => bar.getBoundingClientRect()))"
    ".filter(bars => bars.length).map(bars => Math.max(...bars.flatMap(bar => [bar.width, bar.height])))"
)
CHOOSE = (
    "document.querySelector('#period [value=\"{0}\"]').click(),"
    "new Promise(done => {{ const look = () => document.documentElement.dataset.shown === '{0}'"
    " ? done(true) : requestAnimationFrame(look); look(); }})"
)
# An analyst's cells, with nothing of ours around them.
STRANGER = [
    """
import altair as alt
import pandas as pd
from great_tables import GT
from portouts.report import theme

months = pd.DataFrame({"numbers": [3, 1, 2], "asked": [5, 4, 6]}, index=pd.period_range("2026-04", periods=3, freq="M"))
days = pd.DataFrame({"day": pd.date_range("2025-01-01", "2026-06-04"), "carrier": "=A&<b>", "orders": 1})
""",
    "months.plot()",
    "months",
    "GT(months.reset_index(drop=True)).tab_header('Three months')",
    """
pick = alt.selection_point(fields=["carrier"], bind="legend")
chart = alt.Chart(days, title="A title that is text of the page", description="Orders by day").mark_line(point=True)
chart = chart.encode(x="day:T", y="orders", color="carrier", tooltip=["carrier", "orders"])
theme.in_period(chart, "day").add_params(pick)
""",
    """
from IPython.display import HTML
HTML('<p data-period="30" id="x">a month</p><p data-period="365 all" onclick="x()">more</p><script>x()</script>')
""",
    "print('printed')",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if find_chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    blank = tmp_path_factory.mktemp("blank") / "blank.html"
    blank.write_text("<!DOCTYPE html><title>blank</title>")
    with opened(blank, width=1280, profile=tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def ours(browser: Page, report: Report) -> Iterator[Page]:
    browser.resize(1280)
    browser.open(report.output)
    assert browser.evaluate(DRAWN)
    yield browser
    assert browser.complaints() == []
    assert [address for address in browser.requested() if not address.startswith("data:")] == [report.output.as_uri()]


@pytest.fixture(scope="module")
def strangers_page(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stranger")
    notebooks = write_notebook(folder / "notebooks", "A stranger's", *STRANGER)
    pages = [build_report(database, folder / name, notebooks).output for name in ("page.html", "again.html")]
    assert pages[0].read_bytes() == pages[1].read_bytes()  # ids of tables and charts are not random
    return pages[0]


@pytest.fixture
def stranger(browser: Page, strangers_page: Path) -> Page:
    browser.resize(1280)
    browser.open(strangers_page)
    assert browser.evaluate(DRAWN)
    return browser


def test_the_page_fits_every_width_and_no_text_of_a_chart_is_cut_off(ours: Page) -> None:
    for width in WIDTHS:
        ours.resize(width)
        assert ours.evaluate("[window.innerWidth, document.documentElement.scrollWidth]") == [width, width]
        right = ours.evaluate("[...document.querySelectorAll('.output')].map(t => t.getBoundingClientRect().right)")
        assert max(right) <= width  # a wider table scrolls in its place
        ours.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")  # charts are drawn again
        assert len(ours.evaluate(f"{VISIBLE}.map(svg => 1)")) == ALL_CHARTS
        assert ours.evaluate(CUT_TEXTS) == []
        assert min(ours.evaluate(LONGEST_BARS)) > 25


def test_no_row_of_parts_has_a_hole(ours: Page) -> None:
    """The parts of each row together are as wide as their section."""
    holes = ours.evaluate("""
        [...document.querySelectorAll('section')].flatMap(section => {
            const rows = Map.groupBy(section.querySelectorAll('.part'), part => part.offsetTop);
            const right = section.getBoundingClientRect().right;
            return [...rows.values()].filter(row => right - row.at(-1).getBoundingClientRect().right > 2);
        }).length
    """)
    assert holes == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_have_the_colours_of_the_scheme(scheme: str, ours: Page) -> None:
    ours.prefer(scheme)
    shown = theme.PAPER if scheme == "light" else theme.DARK[theme.PAPER]
    assert ours.evaluate("getComputedStyle(document.documentElement).backgroundColor") == rgb(shown)
    fills = ours.evaluate(
        f"{VISIBLE}.map(svg => [...svg.querySelectorAll('[fill], [stroke]')].flatMap(mark =>"
        " [getComputedStyle(mark).fill, getComputedStyle(mark).stroke]))"
    )
    colours = [*theme.SERIES, *theme.URGENCY.values()]
    expected = {rgb(colour if scheme == "light" else theme.DARK[colour]) for colour in colours}
    assert len(fills) == ALL_CHARTS
    assert [place for place, found in enumerate(fills) if not expected & set(found)] == []
    ours.prefer("light")


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize("paper", PAPER)
def test_no_printed_page_is_half_empty_and_each_has_its_number_and_date(paper: str, ours: Page) -> None:
    filled = filled_to(ours.printed(PAPER[paper]), bottom_margin=BOTTOM_MARGIN)
    assert 5 <= len(filled) <= 12
    assert min(filled[:-1]) >= 0.6


def test_in_a_short_period_no_axis_shows_hours_of_a_day(ours: Page) -> None:
    assert ours.evaluate(CHOOSE.format("30"))
    texts = ours.evaluate(f"{VISIBLE}.flatMap(svg => [...svg.querySelectorAll('text')].map(text => text.textContent))")
    assert "7 days" in texts  # the legend of the lines by week
    assert [text for text in texts if text.endswith((" AM", " PM"))] == []


def test_without_scripts_the_page_shows_its_pictures_and_no_control(browser: Page, report: Report) -> None:
    browser.resize(1280)
    browser.open(report.output, scripts=False)
    assert len(browser.evaluate(f"{VISIBLE}.map(svg => 1)")) == ALL_CHARTS
    assert browser.evaluate("getComputedStyle(document.getElementById('period')).display") == "none"
    assert browser.evaluate("[...document.querySelectorAll('.live')].every(place => !place.firstChild)")


# An analyst's own notebook


def test_whatever_a_strangers_cell_shows_is_in_the_page(stranger: Page) -> None:
    shown = stranger.evaluate("""({
        pictures: [...document.querySelectorAll('main img')].filter(img => img.naturalWidth > 100).length,
        frame: document.querySelector('.dataframe tbody').rows.length,
        table: document.querySelector('.gt_table .gt_title').textContent,
        charts: document.querySelectorAll('.chart.drawn .live svg').length,
        title: document.querySelector('.chart figcaption').textContent.trim(),
        label: document.querySelector('.chart [role=img]').getAttribute('aria-label'),
        printed: [...document.querySelectorAll('main pre')].map(pre => pre.textContent),
        question: document.querySelector('nav .question').textContent,
    })""")
    assert shown == {
        "pictures": 1,
        "frame": 3,
        "table": "Three months",
        "charts": 1,
        "title": "A title that is text of the page",
        "label": "Orders by day",
        "printed": ["printed"],  # and not <Axes: >
        "question": "Does it run?",
    }


def test_html_of_a_cell_runs_no_script_and_keeps_its_style_to_itself(stranger: Page) -> None:
    assert stranger.complaints() == []
    assert stranger.evaluate("document.querySelectorAll('main script:not([type]), main [onclick], #x').length") == 0
    borders = "[...document.querySelectorAll('.dataframe tbody td')].map(td => getComputedStyle(td).borderBottomStyle)"
    assert set(stranger.evaluate(borders)) == {"solid"}  # Great Tables' own rules for td say none


def test_the_pointer_shows_the_values_of_a_mark(stranger: Page) -> None:
    stranger.point_at(".live .role-mark.mark-symbol path")
    text = "document.querySelector('#vg-tooltip-element.visible').innerText"
    assert stranger.evaluate(text).split() == ["carrier", "=A&<b>", "orders", "1"]


def test_the_period_changes_what_is_drawn_and_said(stranger: Page) -> None:
    points = "document.querySelectorAll('.live .role-mark.mark-symbol path').length"
    texts = "[...document.querySelectorAll('main [data-period]')].filter(p => p.offsetHeight).map(p => p.innerText)"
    assert (stranger.evaluate(points), stranger.evaluate(texts)) == (365, ["more"])
    for period, days, said in (("30", 30, ["a month"]), ("all", 520, ["more"])):
        assert stranger.evaluate(CHOOSE.format(period))
        assert (stranger.evaluate(points), stranger.evaluate(texts)) == (days, said)


def test_a_click_saves_the_values_of_a_chart_as_csv_and_its_picture(stranger: Page) -> None:
    stranger.evaluate("""
        window.saved = [];
        window.files = [];
        URL.createObjectURL = file => { files.push(file); return "blob:"; };
        HTMLAnchorElement.prototype.click = function () { saved.push([this.download, this.href]); };
        document.querySelectorAll('.actions button').forEach(button => button.click());
        true
    """)
    names = stranger.evaluate(
        "new Promise(done => { const look = () => saved.length === 3 ? done(saved.map(one => one[0]).sort())"
        " : requestAnimationFrame(look); look(); })"
    )
    assert [name.rpartition(".")[2] for name in names] == ["csv", "png", "svg"]
    csv = stranger.evaluate("files.find(file => file.type === 'text/csv').text()")
    head, first, *rows = csv.removeprefix("\ufeff").rstrip().split("\r\n")
    assert (head, first, len(rows)) == ("day,carrier,orders", "2025-01-01T00:00:00,'=A&<b>,1", 519)
