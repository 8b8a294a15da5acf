"""The page of `portouts report` in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NAMES as BROWSERS
from chromium import Page, find_chromium, opened
from portouts.report import theme
from portouts.report.page.build import Report
from report_runs import ALL_CHARTS, CUT_TEXTS, VISIBLE, database, report

pytestmark = pytest.mark.slow  # kernels and browsers

__all__ = ["database", "report"]  # the fixtures
pytestmark = pytest.mark.slow

WIDTHS = (1280, 400)


@pytest.fixture(scope="module", params=WIDTHS)
def shown(request: pytest.FixtureRequest, report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if find_chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with opened(report.output, width=request.param, profile=tmp_path_factory.mktemp("profile")) as page:
        yield page


def test_the_browser_reports_no_error(shown: Page) -> None:
    assert shown.complaints() == []


def test_no_request_leaves_the_page(shown: Page, report: Report) -> None:
    assert [address for address in shown.requested() if not address.startswith("data:")] == [report.output.as_uri()]


def test_the_page_fits_its_width(shown: Page) -> None:
    width, content = shown.evaluate("[window.innerWidth, document.documentElement.scrollWidth]")
    assert width in WIDTHS
    assert content <= width
    tables = shown.evaluate("[...document.querySelectorAll('.output')].map(t => t.getBoundingClientRect().right)")
    assert tables
    assert max(tables) <= width  # a wider table scrolls in its place


def test_every_chart_is_shown_once_and_has_marks(shown: Page) -> None:
    colours = "|".join(colour.lower() for colour in (*theme.SERIES, *theme.URGENCY.values()))
    marks = shown.evaluate(
        f"{VISIBLE}.map(svg => [...svg.querySelectorAll('[fill], [stroke]')].filter(mark => "
        f"/{colours}/i.test(`${{mark.getAttribute('fill')}} ${{mark.getAttribute('stroke')}}`) && "
        "mark.getBoundingClientRect().height > 0).length)"
    )
    assert len(marks) == ALL_CHARTS
    assert min(marks) >= 1


def test_no_text_of_a_chart_is_cut_off_or_too_small(shown: Page) -> None:
    assert shown.evaluate(CUT_TEXTS) == []


def test_a_screenshot_shows_every_section(shown: Page, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        shown.screenshot(tmp_path / "section.png", f"main > section:nth-of-type({number})")
        assert (tmp_path / "section.png").stat().st_size > 20_000
