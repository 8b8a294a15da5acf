"""`portouts report`: one page that needs no other file, written completely or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with ipykernel, its stubs do not
import pytest
from portouts.errors import NotebookFailed, NotPublished, ReportFailed
from portouts.names import as_html
from portouts.report.page.build import DEFAULT_NAME, Report, build_report
from report_runs import ALL_CHARTS, Outline, database, empty, empty_report, page, report, write_notebook
from simulated_account import ask

pytestmark = pytest.mark.slow  # kernels and syncs

__all__ = ["database", "empty", "empty_report", "page", "report"]  # the fixtures


def kernels() -> list[str]:
    """List the kernels that descend from this process."""
    started = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    return [command for command in started if "ipykernel" in command]


# What is written


def test_the_page_lies_beside_the_database_and_the_command_prints_its_answers(report: Report, database: Path) -> None:
    assert report.output == database.with_name(DEFAULT_NAME)
    printed = report.to_json()
    assert json.loads(json.dumps(printed)) == printed
    assert list(printed["answers"]) == [
        "What needs an answer today?",
        "How many numbers leave?",
        "Who gains them?",
        "How fast do we answer?",
        "What should be checked?",
    ]
    assert all(printed["answers"].values())
    [(as_of,)] = ask(database, "select max(as_of) from marts.rpt_sync")
    assert (printed["as_of"], printed["is_proven"]) == (as_of.isoformat(), True)
    assert str(report).endswith(str(report.output))


def test_the_answers_stand_on_top_and_in_their_sections(report: Report, page: str) -> None:
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


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


def test_the_page_names_its_language_and_its_title(page: str) -> None:
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert '<html lang="en" ' in page
    assert re.search(r"<title>Port-outs as of \d+ \w+ \d{4}, \d\d:\d\d UTC</title>", page)


def test_headings_are_in_order_and_ids_are_unique(outline: Outline) -> None:
    assert outline.headings.count(1) == 1
    assert outline.headings.count(2) == 5
    assert all(below - above <= 1 for above, below in zip([0, *outline.headings], outline.headings, strict=False))
    assert [id_ for id_, count in Counter(outline.ids).items() if count > 1] == []


def test_every_chart_is_an_image_with_a_description(outline: Outline) -> None:
    assert outline.tags["figure"] == ALL_CHARTS
    assert outline.tags["svg"] == 2 * ALL_CHARTS  # for a desk and for a phone
    assert len(outline.images) == ALL_CHARTS
    assert [label for label in outline.images if not label or len(label) < 20] == []


def test_nothing_in_the_page_points_outside_of_it(page: str, outline: Outline) -> None:
    assert outline.tags["script"] == ALL_CHARTS + 2  # the specification of each chart, Vega, and our own
    assert [address for address in outline.addresses if not address.startswith(("#", "data:"))] == []
    assert {address.removeprefix("#") for address in outline.addresses if address.startswith("#")} <= set(outline.ids)
    shown = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)  # the policy of the page stops requests of Vega
    links = set(re.findall(r"https?://[^\"' )<]+", shown))
    assert {link for link in links if not re.search(r"www\.w3\.org|vega\.github\.io/schema", link)} == set()
    assert not re.search(r"@import|@font-face|url\((?!#)", shown)


def test_a_carrier_name_stays_text(page: str) -> None:
    assert "&lt;b&gt;A$AP &amp; $ons&lt;/b&gt;" in page
    assert "<b>A$AP" not in page


def test_the_page_contains_personal_data_of_what_somebody_must_act_on_only(page: str, database: Path) -> None:
    personal = ask(
        database,
        "select unnest([authorized_name, end_user_name, service_address]) from raw.portouts where status <> 'pending'"
        " union select phone_number from marts.fct_portout_numbers"
        " where portout_id not in (select portout_id from marts.rpt_open_orders)"
        " except (select phone_number from marts.fct_portout_numbers"
        " where portout_id in (select portout_id from marts.rpt_open_orders)"
        " union all select end_user_name from raw.portouts where status = 'pending'"
        " union all select end_user_name from marts.rpt_port_outs_to_check"
        " union all select phone_number from marts.rpt_left_but_active)",
    )
    said = {value for (value,) in personal if value and len(value) > 5}
    assert len(said) > 100
    assert {value for value in said if value in page} == set()


def test_the_page_of_an_empty_warehouse_says_that_it_is_empty(empty_report: Report) -> None:
    page = empty_report.output.read_text(encoding="utf-8")
    assert "No number has left yet." in page
    assert "Nothing waits for an answer." in page
    assert Outline(page).tags["figure"] == 0


def test_without_an_inventory_its_parts_do_not_appear_and_a_sentence_says_how_to_switch_it_on(
    empty_report: Report, page: str
) -> None:
    without = empty_report.output.read_text(encoding="utf-8")
    hint = "with the setting inventory = true."
    assert (hint in without, hint in page) == (True, False)
    for heading in ("The share that leaves each month", "Left and still in service", "Customers who leave"):
        assert (heading in without, heading in page) == (False, True)


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
    notebooks = write_notebook(tmp_path / "notebooks", "02_runs", "1")
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


def test_notebooks_share_a_process_and_no_variable(empty: Path, tmp_path: Path) -> None:
    shown = "from portouts.report.notebook import Headline\nHeadline(f\"{os.getpid()} {'leftover' in globals()}\")"
    notebooks = write_notebook(tmp_path / "notebooks", "01_first", "import os\nleftover = 1", shown)
    notebooks = write_notebook(tmp_path / "notebooks", "02_second", "import os", shown)
    first, second = (section.headline.split() for section in build_report(empty, tmp_path / "x", notebooks).sections)
    assert (first[1], second[1]) == ("True", "False")
    assert first[0] == second[0] != str(os.getpid())


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
from portouts.report.notebook import Headline
orders = len(portouts.mart("fct_portouts"))
if (coming := Path({str(coming)!r})).exists():
    coming.replace({str(published)!r})
Headline(f"{{orders}} orders")
""",
    )
    assert build_report(published, notebooks=notebooks).to_json()["answers"] == {"Does it run?": "0 orders"}


def test_a_file_that_is_replaced_again_and_again_is_given_up(empty: Path, tmp_path: Path) -> None:
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
        "import sys\nfrom portouts.report.notebook import Headline\nHeadline(sys.executable)",
    )
    script = (
        "import sys; from pathlib import Path; from portouts.report.page.build import build_report\n"
        "database, page, *notebooks = map(Path, sys.argv[1:])\n"
        "made = build_report(database, page, notebooks)\nprint(made.sections[0].headline)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, empty, tmp_path / "page.html", *notebooks],
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
