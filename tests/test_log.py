"""The log on standard error: sentences for people, or one JSON object a line with the id of the run and a summary."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import portouts_command
import pytest
from fake_transport import Answer, FakeClock, Script, open_client
from filelock import FileLock
from portouts.commands.terminal.log.lines import LogFormat, open_log
from portouts.measures import Measures
from portouts.telnyx.errors import TelnyxUnavailable
from portouts.telnyx.limits.deadlines import TimeBudget
from portouts.telnyx.page import parse_object
from portouts.telnyx.request import Request
from portouts_command import Ended
from portouts_sandbox import World, create_app, running
from scripted_client import good
from simulated_account import Account, ask

SECRET = "+1 212 555 0100"


def lines_of(err: str) -> list[dict[str, Any]]:
    """Read standard error as JSON, line by line; each has a time, a level, a run and an event."""
    lines = [json.loads(line) for line in err.splitlines()]
    assert all({"time", "level", "run_id", "event"} <= line.keys() for line in lines)
    return lines


def summary_of(err: str) -> dict[str, Any]:
    """Return the summary, which must be the last line and the only one of its run."""
    *others, last = lines_of(err)
    assert (last["event"], {line["event"] for line in others} & {"summary"}) == ("summary", set())
    assert {line["run_id"] for line in others} <= {last["run_id"]}
    return last


# A sync


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, dict[str, str]]]:
    world = World(40, seed=5)
    with running(create_app(world, api_key=portouts_command.KEY)) as base_url:
        yield world, {"TELNYX_API_KEY": portouts_command.KEY, "TELNYX_BASE_URL": base_url}


@pytest.mark.slow
def test_a_sync_logs_what_it_did_and_its_id_joins_the_log_to_its_row(
    served: tuple[World, dict[str, str]], tmp_path: Path
) -> None:
    world, settings = served
    code, out, err = portouts_command.run(
        "sync", "--as-of", world.now.isoformat(), "--log-format", "json", folder=tmp_path, **settings
    )
    assert (code, str(out).count("\n")) == (0, 1)
    events = [line["event"] for line in lines_of(err)]
    assert events == ["sync.started", "load.package", "verified", "built", "published", "summary"]
    last = summary_of(err)
    [(sync_id, requests)] = ask(tmp_path / "data" / "portouts.duckdb", "select sync_id, requests from raw.syncs")
    assert (last["run_id"], last["requests"]) == (sync_id, requests)
    assert [*last["phases"]] == ["read", "load", "verify", "build", "publish"]
    assert (last["exit_code"], last["orders_read"], last["orders_changed"], last["verdict"]) == (0, 40, 40, "PROVEN")
    assert (last["refusals"], last["retries"], last["level"]) == (0, 0, "info")


class Unavailable(BaseHTTPRequestHandler):
    """Answers 503."""

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def unavailable() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Unavailable) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_run_that_is_ended_by_a_signal_has_a_summary(
    number: signal.Signals, unavailable: str, tmp_path: Path
) -> None:
    process = portouts_command.start(
        "sync", "--log-format=json", folder=tmp_path, TELNYX_API_KEY="KEY_FAKE", TELNYX_BASE_URL=unavailable
    )
    before = portouts_command.read_until(process, '"waiting"')
    process.send_signal(number)
    _, after = process.communicate(timeout=30)
    last = summary_of(before + after)
    assert (process.returncode, last["command"], last["exit_code"]) == (1, "sync", 1)
    assert last["refusals"] == last["requests"] > last["retries"] > 0


def test_phases_come_in_order_and_what_verification_reads_again_belongs_to_it(tmp_path: Path) -> None:
    account = Account(World(12, seed=3), tmp_path / "portouts.duckdb")
    measures = account.sync().measures
    assert [*measures.phases] == ["read", "load", "verify", "build", "publish"]
    assert all(seconds > 0 for seconds in measures.phases.values())
    account.spoil("delete from raw.portouts where id = (select min(id) from raw.portouts)")
    account.spoil("delete from raw.portout_observations")
    outcome = account.sync()
    assert outcome.certificate is not None
    assert outcome.certificate.repaired == 1
    assert [*outcome.measures.phases] == ["read", "load", "verify", "build", "publish"]
    assert outcome.measures.traffic.requests == outcome.report.requests


def test_a_phase_within_another_belongs_to_that_one() -> None:
    clock = FakeClock(now=0.0)
    measures = Measures(clock)
    for _ in range(2):
        with measures.phase("verify"):
            clock.now += 2
            with measures.phase("read"):
                clock.now += 1
    with suppress(ValueError), measures.phase("build"):
        clock.now += 4
        raise ValueError
    assert measures.phases == {"verify": 6.0, "build": 4.0}


# Runs that fail


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["status"], 1, "NotPublished"),
        (["sync"], 2, "SettingsError"),
        (["sync", "--database", "held.duckdb"], 75, "Locked"),
        (["sync", "--sinse", "2026"], 2, "Usage"),
        (["snyc"], 2, "Usage"),
        (["--frobnicate"], 2, "Usage"),
    ],
    ids=["nothing published", "no key", "locked", "wrong option", "no command", "before the command"],
)
def test_a_run_that_fails_has_an_error_and_a_summary(
    arguments: list[str], code: int, kind: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    (held := tmp_path / ".portouts" / "held.duckdb").mkdir(parents=True)
    key = {"TELNYX_API_KEY": "KEY_FAKE"} if "held.duckdb" in arguments else {}
    with FileLock(held / "lock"):
        ended = command(*arguments, "--log-format", "json", **key)
    *_, error, summary = lines_of(ended.err)
    assert (ended.code, error["event"], error["error"], error["level"]) == (code, "error", kind, "error")
    assert error["message"]
    assert (summary["event"], summary["exit_code"]) == ("summary", code)
    assert error["run_id"] == summary["run_id"]


def break_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sync end with an unexpected error, whose message is personal data."""

    def run_sync(*_arguments: object) -> None:
        raise ValueError(SECRET) from KeyError(SECRET)

    monkeypatch.setattr("portouts.commands.jobs.sync.run_sync", run_sync)


@pytest.mark.parametrize("options", [[], ["-v"], ["--json"], ["-v", "--log-format", "json"]], ids=" ".join)
def test_an_error_that_nobody_foresaw_is_its_kind_and_place_without_its_words(
    options: list[str], command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_sync(monkeypatch)
    ended = command("sync", *options, TELNYX_API_KEY="KEY_FAKE")
    assert ended.code == 1
    assert "Unexpected error: ValueError at portouts/commands/loading/sync.py:" in ended.err
    assert "Nothing was published; run the sync again to go on." in ended.err
    assert SECRET not in ended.err + ended.out
    if "-v" in options:
        assert ended.err.index("KeyError:") < ended.err.index("ValueError:")
        assert "in run_sync" in ended.err
    else:
        assert ("in run_sync" in ended.err, "KeyError" in ended.err) == (False, False)
    if "json" in options:
        assert (summary_of(ended.err)["error"], summary_of(ended.err)["exit_code"]) == ("ValueError", 1)


def test_an_error_beside_the_work_is_logged_without_its_words(tmp_path: Path) -> None:
    script = (
        "import sys, threading\n"
        "from portouts.commands import app\n"
        f"def fail(): raise ValueError({SECRET!r})\n"
        "class Held:\n    def __del__(self): fail()\n"
        "def status():\n    Held(); thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "app.app.command('beside')(status)\n"
        "app.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "beside"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert (done.stderr.count("ValueError at <string>:3, beside the work."), SECRET in done.stderr) == (2, False)


# How much is logged


def test_the_options_of_the_log_stand_before_the_command_or_after_it(command: Callable[..., Ended]) -> None:
    errors = [
        command("--log-format", "json", "status").err,
        command("status", "--log-format", "json").err,
        command("status", PORTOUTS_LOG_FORMAT="json").err,
        command("--log-format", "text", "status", "--log-format", "json").err,
    ]
    assert [summary_of(err)["command"] for err in errors] == ["status"] * 4
    assert command("--log-format", "text", "status", PORTOUTS_LOG_FORMAT="json").err.startswith("portouts: ")
    assert command("status", "-v", "-q").code == command("status", PORTOUTS_LOG_FORMAT="xml").code == 2


def test_quiet_shows_errors_only_and_verbose_everything(
    command: Callable[..., Ended], served: tuple[World, dict[str, str]]
) -> None:
    world, settings = served
    sync = ("sync", "--as-of", world.now.isoformat())
    loud, quiet = command("-v", *sync, **settings), command(*sync, "-q", **settings)
    assert (quiet.code, quiet.err, quiet.out.count("\n")) == (0, "", 1)
    assert "portouts: request: request=/portouts (page[number]=1, page[size]=250, filter[inserted_at][gte]=" in loud.err
    assert "portouts: phase: phase=read, seconds=" in loud.err
    assert portouts_command.KEY not in loud.err
    assert command("status", "-q", "--database", "none").err.startswith("portouts: none does not exist.")


def test_the_version_is_one_line(command: Callable[..., Ended]) -> None:
    assert command("--version").out.startswith("portouts 0.")


# What must not be logged


def test_a_request_is_shown_without_values_that_may_be_personal() -> None:
    params = {"page[size]": "250", "filter[phone_number]": SECRET, "filter[support_key]": "PR-1", "filter[pon]": "x"}
    request = Request("/portouts", params | {"filter[status]": "pending"}, parse_object, TimeBudget(60))
    assert str(request) == (
        "/portouts (page[size]=250, filter[phone_number]=…, filter[support_key]=…, filter[pon]=…, "
        "filter[status]=pending)"
    )


@pytest.mark.parametrize("form", LogFormat)
def test_of_another_library_only_the_place_of_a_warning_is_logged(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log(form)
    logging.getLogger("somebody").warning("cannot convert %s", SECRET)
    logging.getLogger("somebody").info("nothing to see")
    logging.getLogger("py.warnings").warning("%s", f"{__file__}:7: UserWarning: {SECRET}")
    err = capsys.readouterr().err
    assert SECRET not in err
    assert (err.count("library"), "test_log:" in err, f"{__file__}:7: UserWarning" in err) == (2, True, True)


# Requests


@pytest.mark.anyio
async def test_requests_refusals_and_retries_are_counted() -> None:
    clock = FakeClock()
    answers: list[Answer] = [httpx.Response(429), httpx.Response(503), httpx.ReadError("cut off"), good(), good()]
    async with open_client(Script(answers, clock), clock) as client:
        await client.fetch_list("/portouts", {})
        await client.fetch_list("/portouts", {})
        traffic = client.watch.traffic
        assert (traffic.requests, traffic.limited, traffic.failed, traffic.unanswered) == (5, 1, 1, 1)
        assert (traffic.refusals, traffic.retries, client.requests) == (3, 3, 5)


@pytest.mark.anyio
async def test_a_request_that_is_given_up_has_been_counted() -> None:
    clock = FakeClock()
    async with open_client(Script([httpx.Response(503)], clock), clock) as client:
        with pytest.raises(TelnyxUnavailable):
            await client.fetch_list("/portouts", {})
        traffic = client.watch.traffic
        assert (traffic.requests, traffic.failed, traffic.retries) == (8, 8, 7)
