"""What a command prints: one JSON object for programs, and sentences that fit the screen for people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from portouts.commands.jobs.demo import Answer, DemoOutcome, DemoPage
from portouts.commands.jobs.models import ModelsOutcome
from portouts.commands.jobs.sync import SyncOutcome
from portouts.commands.jobs.verify import VerifyOutcome
from portouts.commands.results.demo import print_answers, print_findings, print_next_steps
from portouts.commands.results.loading.models import print_models
from portouts.commands.results.loading.sync import print_load, print_sync
from portouts.commands.results.loading.verification import print_verification
from portouts.commands.results.status import print_status
from portouts.commands.terminal.output import as_object, print_result
from portouts.commands.terminal.progress import note_plan, note_wait, progress
from portouts.report.status import Status, read_status
from portouts.transform.build import UP_TO_DATE, Build, BuildKind
from portouts.transform.checks import CheckWarning
from portouts.verify.comparison import Comparison, CountDifference, Difference, Verdict
from portouts.verify.count_buckets import Bucket, ComparisonPlan
from portouts.windows import Window
from portouts_sandbox import World
from simulated_account import Account

CERTIFICATE = """
    verification_id as_of started_at finished_at depth range_start range_end buckets requests orders differences
    repaired moved sampled_windows sampled_orders verdict not_covered events events_missing
"""
READ = "requests orders_read events_read is_proven strange_rows rows_without_id missing_orders unproven notes"
SYNC = f"""
    database as_of published orders_changed seconds phases refusals retries build warnings verification targets {READ}
"""
LOAD = f"destination as_of published {READ}"
VERIFY = f"""
    database {CERTIFICATE}
    differing_orders repaired_orders differing_counts unproven notes rows_without_id targets
"""
MODELS = "database rebuilt published build warnings notes targets"
STATUS = "database as_of age_hours is_proven counts time_zone_data covered gaps last_sync verification"
DEMO = "database syncs orders differences answers report"

NOW = datetime(2026, 6, 2, tzinfo=UTC)
MAY = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


class Outcomes(NamedTuple):
    """One of each: what the commands have to print."""

    sync: SyncOutcome
    verify: VerifyOutcome
    models: ModelsOutcome
    status: Status
    demo: DemoOutcome


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    account = Account(World(40, seed=5), tmp_path_factory.mktemp("account") / "portouts.duckdb")
    sync, verify = account.sync(), account.verify()
    models = ModelsOutcome(account.database, sync.build, published=True)
    status = read_status(account.database, account.world.now + timedelta(hours=2), check=True)
    demo = DemoOutcome(account.database, [sync, sync], 40, 0, [ANSWER])
    return Outcomes(sync, verify, models, status, demo)


NAMED = "[bold]Télécom[/] Exemple"
ANSWER = Answer(
    "Who gains?", ["carrier_name", "orders_ported", "median_response_hours"], [(NAMED, 120, 15.5), ("W" * 99, 1, None)]
)


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    """Read the one line on standard output as JSON."""
    out = capsys.readouterr().out
    assert (out.count("\n"), out.isascii()) == (1, True)
    return json.loads(out)


# JSON


def test_json_of_a_sync_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_sync(outcomes.sync, as_json=True)
    found = shown(capsys)
    assert [*found] == SYNC.split()
    assert [*found["verification"]] == CERTIFICATE.split()
    assert (found["orders_changed"], found["as_of"]) == (40, outcomes.sync.as_of.isoformat())


def test_json_of_a_load_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_load("lake", outcomes.sync.report, as_json=True)
    found = shown(capsys)
    assert [*found] == LOAD.split()
    assert (found["destination"], found["published"], found["is_proven"]) == ("lake", False, True)


def test_json_of_a_verification_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_verification(differing(outcomes.verify), as_json=True)
    found = shown(capsys)
    assert [*found] == VERIFY.split()
    assert found["differing_orders"] == [{"portout_id": "a", "kind": "stale", "fields": ["status", "spid"]}]
    assert found["repaired_orders"] == [{"portout_id": "b", "kind": "missing", "fields": []}]
    assert found["differing_counts"] == [{"status": "ported", "api": 7, "warehouse": 5}]


def test_json_of_models_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_models(outcomes.models, as_json=True)
    assert [*shown(capsys)] == MODELS.split()


def test_json_of_status_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(outcomes.status, as_json=True)
    found = shown(capsys)
    assert [*found] == [*STATUS.split(), "content_checksum"]
    assert [*found["covered"]] == [*found["gaps"]] == ["created_at", "inserted_at", "ported_out_at"]
    [[start, end]] = found["covered"]["inserted_at"]
    assert start < found["as_of"] < end
    assert [*found["verification"]][:3] == ["verification_id", "as_of", "started_at"]


def test_json_of_status_without_a_check_has_no_checksum(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(read_status(Path(outcomes.status.database), NOW), as_json=True)
    assert [*shown(capsys)] == STATUS.split()


def test_json_of_a_demo_has_these_keys(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_next_steps(outcomes.demo, DemoPage(Path("demo.html")), "portouts", as_json=True)
    found = shown(capsys)
    assert [*found] == DEMO.split()
    assert [[*sync] for sync in found["syncs"]] == [SYNC.split(), SYNC.split()]
    assert found["answers"]["Who gains?"][0] == {
        "carrier_name": NAMED,
        "orders_ported": 120,
        "median_response_hours": 15.5,
    }


def test_a_later_part_replaces_a_value_and_keeps_its_place() -> None:
    assert list(as_object({"a": 1, "b": 2}, {"a": 3, "c": 4}).items()) == [("a", 3), ("b", 2), ("c", 4)]


def test_an_instant_is_iso_text_with_its_zone(capsys: pytest.CaptureFixture[str]) -> None:
    print_result("", {"as_of": NOW, "day": NOW.date()}, as_json=True)
    assert shown(capsys) == {"as_of": "2026-06-02T00:00:00+00:00", "day": "2026-06-02"}


# Sentences


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """Return the lines of standard output and of standard error."""
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_a_sync_is_one_sentence(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_sync(outcomes.sync, as_json=False)
    [line], notes = printed(capsys)
    assert line.startswith(f"{outcomes.sync.database} now shows {outcomes.sync.as_of:%Y-%m-%dT%H:%M:%S}+00:00: 40 ")
    assert line.endswith("40 orders new or changed.")
    assert notes == []


def test_notes_of_a_sync_go_to_standard_error(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    certificate = outcomes.sync.certificate
    assert certificate is not None
    report = replace(outcomes.sync.report, notes=["A note."], unproven=["orders of May"], strange_rows=3)
    warning = CheckWarning("every order has a carrier", 2, ("a", "b"), "Run `portouts verify`.")
    build = replace(outcomes.sync.build, warnings=[warning])
    unproven = replace(certificate, verdict=Verdict.UNPROVEN, repaired=4)
    print_sync(replace(outcomes.sync, report=report, build=build, certificate=unproven), as_json=False)
    assert printed(capsys)[1] == [
        "A note.",
        "not proven: orders of May",
        "not true: “every order has a carrier” (2 rows, first: a, b). Run `portouts verify`.",
        "4 orders had changed, come or gone unannounced; counting found them.",
        "Not verified: UNPROVEN. `portouts verify` says more.",
        "3 rows hold fields or values that were not expected; see their column `extra`.",
    ]


def test_orders_that_are_missing_are_noted_if_nothing_was_counted(
    outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    report = replace(outcomes.sync.report, missing=["a", "b"])
    print_sync(replace(outcomes.sync, report=report, certificate=None), as_json=False)
    assert printed(capsys)[1] == ["2 open orders are no longer known to the API (404); they are kept as last seen."]


def test_a_load_names_the_engine(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_load("lake", replace(outcomes.sync.report, notes=["A note."]), as_json=False)
    [line], notes = printed(capsys)
    as_of = outcomes.sync.as_of.isoformat(timespec="seconds")
    assert line == f"lake now holds {as_of} in its schema raw; nothing was published."
    assert notes == ["A note."]


def differing(outcome: VerifyOutcome, differences: int = 1) -> VerifyOutcome:
    """Make an outcome in which orders and counts differ."""
    comparison = Comparison(
        differing_counts=[CountDifference(Bucket(MAY, "ported"), 7, 5)],
        differences=[Difference("a", "stale", fields=("status", "spid"))] * differences,
        unproven=["orders of May"],
    )
    return replace(outcome, comparison=comparison, repaired=[Difference("b", "missing")])


def test_a_verification_shows_its_verdict_and_what_it_does_not_cover(
    outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    print_verification(outcomes.verify, as_json=False)
    lines, notes = printed(capsys)
    assert lines[0].startswith("PROVEN: 40 orders compared as of ")
    assert lines[1] == "0 differed, 0 repaired, 0 changed since."
    assert lines[-1].startswith("Not covered: ")
    assert (len(lines), notes) == (3, [])


def test_a_verification_shows_what_differs_and_how_to_mend_it(
    outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    print_verification(differing(outcomes.verify), as_json=False)
    lines, _ = printed(capsys)
    assert lines[2].endswith(": the API has 7, we hold 5")
    assert lines[3:6] == ["  repaired: b: missing", "  a: stale in status, spid", "  not proven: orders of May"]
    assert lines[-1] == (
        "Orders may also have changed since then: run `portouts sync`, or `portouts verify`, which searches."
    )
    counted = differing(outcomes.verify)
    print_verification(replace(counted, comparison=replace(counted.comparison, differing_counts=[])), as_json=False)
    assert printed(capsys)[0][-1] == "Mend it with `portouts verify --repair`."


def test_a_verification_shows_ten_differences_and_json_all(
    outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    print_verification(differing(outcomes.verify, differences=11), as_json=False)
    lines, _ = printed(capsys)
    assert (lines.count("  a: stale in status, spid"), "  … and more; --json lists them all" in lines) == (10, True)
    print_verification(differing(outcomes.verify, differences=11), as_json=True)
    assert len(shown(capsys)["differing_orders"]) == 11


@pytest.mark.parametrize(
    ("build", "published", "text"),
    [
        (Build(BuildKind.FULL, "SQL changed"), True, "Rebuilt (full: SQL changed) and published."),
        (UP_TO_DATE, True, "Published what was built already."),
        (UP_TO_DATE, False, "Already up to date; nothing to publish."),
    ],
)
def test_models_say_what_was_necessary(
    build: Build, published: bool, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_models(ModelsOutcome(Path("p.duckdb"), build, published, notes=["A note."]), as_json=False)
    assert printed(capsys) == ([text], ["A note."])


def test_status_shows_age_counts_and_the_last_certificate(
    outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    print_status(outcomes.status, as_json=False)
    lines, _ = printed(capsys)
    assert lines[0].endswith(f"as of {outcomes.status.as_of.isoformat()}, 2.0 h ago")
    assert lines[1].startswith("40 orders, ")
    assert "read whole: as it was published" in lines
    assert [line for line in lines if line.startswith("verified (month): PROVEN, 40 orders as of 20")]
    [complete] = [line for line in lines if line.startswith("complete: ")]
    assert complete.startswith("complete: events, orders, port-outs from ")


def test_status_shows_ranges_apart_where_they_differ(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_status(Path(outcomes.status.database), NOW)
    found.covered["created_at"] = [(MAY.start, MAY.end)]
    print_status(found, as_json=False)
    lines, _ = printed(capsys)
    assert [line.partition(" from ")[0] for line in lines if line.startswith("complete: ")] == [
        "complete: events",
        "complete: orders, port-outs",
    ]


def test_status_names_gaps_and_what_is_not_proven(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_status(Path(outcomes.status.database), NOW)
    found.is_proven, found.verification, found.content_checksum = False, None, None
    found.gaps["inserted_at"] = [(MAY.start, MAY.end)]
    print_status(found, as_json=False)
    lines, _ = printed(capsys)
    assert lines[0].endswith(" h ago, NOT PROVEN")
    assert "read whole; no certificate names its contents" in lines
    assert "GAP in inserted_at: 2026-05-01T00:00:00+00:00 to 2026-06-01T00:00:00+00:00" in lines
    assert not any(line.startswith("verified") for line in lines)


def test_a_demo_shows_its_answers_and_what_it_cost(outcomes: Outcomes, capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(outcomes.demo)
    print_next_steps(outcomes.demo, DemoPage(Path("demo.html")), "bin/portouts", as_json=False)
    lines, _ = printed(capsys)
    assert lines[0] == "A simulated account as of 2026-06-01 00:00 UTC."
    assert lines[2].strip() == "Who gains?"
    assert "Orders held: 40; differing from what the simulated API shows: 0." in lines
    assert "The report, for a browser: demo.html" in lines
    assert lines[-1] == "  bin/portouts doctor"


@pytest.mark.parametrize(
    ("page", "said"),
    [(None, "The report:"), (DemoPage(None, "altair not installed"), "The report (altair not installed):")],
    ids=["not asked for", "not installed"],
)
def test_a_demo_without_a_report_says_how_to_write_it(
    page: DemoPage | None, said: str, outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    print_next_steps(outcomes.demo, page, "bin/portouts", as_json=False)
    lines, _ = printed(capsys)
    assert lines[lines.index(said) + 1] == f"  bin/portouts report --database {outcomes.demo.database}"


# Narrow screens


@pytest.mark.parametrize("columns", [80, 30, 20])
def test_tables_cut_neither_names_nor_figures(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_answers([ANSWER])
    out = capsys.readouterr().out
    assert "120" in out.split()
    assert NAMED.replace(" ", "") in "".join(out.split())
    assert out.count("W") - 1 == 99
    assert {"15.5", "1", "–"} <= set(out.split())
    assert "…" not in out


def test_a_table_fits_the_screen_where_its_figures_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_answers([ANSWER])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert [line.split() for line in lines if "120" in line] == [["Exemple", "120", "15.5"]]


def test_each_row_is_a_paragraph_where_figures_do_not_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "25")
    print_answers([ANSWER])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Who gains?", "", NAMED]
    assert lines[3:5] == ["  orders ported          120", "  median response hours 15.5"]


def test_a_name_gives_no_order_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers([Answer("Who?", ["name", "orders"], [("\x1b[2J\x07Tel\u202e\n2 [/b]", 1)])])
    assert "[2JTel 2 [/b]" in capsys.readouterr().out


# What is shown while a command works


def test_a_plan_shows_its_requests_before_they_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    note_plan(ComparisonPlan([Bucket(MAY)], events=[MAY], most_searched=0))
    note_plan(ComparisonPlan([Bucket(MAY)]))
    note_wait("HTTP 503")
    assert printed(capsys) == (
        [],
        [
            "Verifying takes 2 requests.",
            "Verifying takes 1 requests if nothing differs, and a few more for each order that does.",
            "portouts: waiting: HTTP 503",
        ],
    )


def test_bars_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as add_bar:
        add_bar("Reading")(3, 4)
    out, err = capsys.readouterr()
    assert (out, "Reading" in err, "3/4" in err) == ("", True, True)
