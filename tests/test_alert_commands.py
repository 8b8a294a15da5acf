"""Alerts as a user has them: with `sync` and `verify`, with `alerts test` and `alerts preview`, and the report sent."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import duckdb
import pytest
from alert_receivers import PASSWORD, HttpReceiver, MailReceiver, closed_receiver, http_receiver, mail_receiver
from filelock import FileLock
from portouts.commands.jobs.alerts import send_report
from portouts.errors import NotDelivered
from portouts.extras import install_command
from portouts.report.page.build import Report
from portouts.report.page.state import State
from portouts_command import KEY, Ended
from portouts_sandbox import World, create_app, running

Command = Callable[..., Ended]
HOUR = timedelta(hours=1)
FOUND = ["Silence authorises an order soon.", "A number is asked for again within 7 days."]


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def world() -> World:
    """Make a world in which one order waits, and asks for a number that was asked for the day before."""
    world = World(orders=0, now=datetime.now(UTC))
    numbers = ["+13125550177"]
    before = world.add_order(inserted_at=world.now - 60 * HOUR, carrier_name="Old", spid="1A", phone_numbers=numbers)
    world.change(before, world.now - 50 * HOUR, status="rejected-pending")
    world.change(before, world.now - 49 * HOUR, status="rejected")
    person = {"end_user_name": "Jane Canary", "authorized_name": "Jane Canary", "attempted_pin": "4711"}
    waiting = {"carrier_name": "New", "spid": "2B", "phone_numbers": numbers, **person}
    world.add_order(inserted_at=world.now - 30 * HOUR, **waiting)
    return world


@pytest.fixture
def synced(world: World, command: Command) -> Iterator[Callable[..., Ended]]:
    """Run a command against the API of the world."""
    with running(create_app(world, api_key=KEY)) as base_url:

        def run(*arguments: str, **environment: str) -> Ended:
            access = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url}
            return command(*arguments, **{**access, **environment})

        yield run


def bodies(receiver: HttpReceiver) -> list[str]:
    return [message["message"] for message in receiver.messages]


def titles(body: str) -> list[str]:
    return [part.splitlines()[0] for part in body.split("\n\n")[:-1]]


# After a sync or verify


@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
def test_two_syncs_send_one_message_without_personal_data(synced: Command, http: HttpReceiver, pii: str) -> None:
    settings = {"ALERTS__URLS": http.url, "SOURCES__TELNYX__PII": pii, "SOURCES__TELNYX__PII_SALT": "salt"}
    ended = [synced("sync", *as_json, **settings) for as_json in ([], ["--json"])]
    assert [one.code for one in ended] == [0, 0]
    [body] = bodies(http)
    assert titles(body) == FOUND[: 1 if pii == "drop" else 2]
    shown = "".join(one.out + one.err for one in ended) + json.dumps(http.messages)
    for canary in (PASSWORD, KEY, "4711", "Canary", "3125550177"):
        assert canary not in shown


def test_a_sync_that_fails_says_why_once_and_exits_as_before(synced: Command, http: HttpReceiver) -> None:
    for _ in range(2):
        ended = synced("sync", ALERTS__URLS=http.url, TELNYX_API_KEY="KEY_WRONG")
        assert ended.code == 1
    [body] = bodies(http)
    assert body.startswith("`portouts sync` failed.\n- ")
    assert "401" in body
    assert "KEY_WRONG" not in body


def test_a_wrong_setting_is_sent_to_the_receivers_that_can_be_read(synced: Command, http: HttpReceiver) -> None:
    assert synced("sync", ALERTS__URLS=http.url, SOURCES__TELNYX__PAGE_SIZE="0").code == 2
    assert bodies(http)[0].startswith("`portouts sync` failed.\n- page_size must be a whole number")


def test_a_lock_that_is_held_sends_no_alert(synced: Command, http: HttpReceiver, tmp_path: Path) -> None:
    folder = tmp_path / "data" / ".portouts" / "portouts.duckdb"
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        assert synced("sync", ALERTS__URLS=http.url).code == 75
    assert http.messages == []


def test_a_dead_receiver_is_one_note_and_changes_nothing(synced: Command) -> None:
    ended = synced("sync", "--json", ALERTS__URLS=closed_receiver())
    assert (ended.code, json.loads(ended.out)["published"]) == (0, True)
    assert ended.err.count("Alerts: json://127.0.0.1: not delivered") == 1
    assert PASSWORD not in ended.err


def test_a_verification_that_finds_differences_is_sent_once(
    synced: Command, http: HttpReceiver, tmp_path: Path
) -> None:
    assert synced("sync").code == 0
    working = tmp_path / "data" / ".portouts" / "portouts.duckdb" / "working.duckdb"
    with duckdb.connect(str(working)) as connection:
        connection.execute("update raw.portouts set status = 'ported' where status = 'pending'")
    for _ in range(2):
        assert synced("verify", ALERTS__URLS=http.url).code == 3
    [body] = bodies(http)
    assert titles(body)[0] == "It is not proven that the warehouse shows what the API shows."
    assert "- DIFFERENT: 2 orders compared, 1 differ." in body


def test_the_working_folder_of_another_place_keeps_the_memory(
    synced: Command, http: HttpReceiver, tmp_path: Path
) -> None:
    assert synced("sync", "--state-dir", "state", ALERTS__URLS=http.url).code == 0
    assert len(list((tmp_path / "state").glob("*/alerts.json"))) == 1


@pytest.mark.parametrize("arguments", [["sync"], ["alerts", "test"], ["report", "--send"]], ids=" ".join)
def test_without_apprise_receivers_are_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as if it were not installed
    ended = command(*arguments, ALERTS__URLS=f"json://{PASSWORD}@127.0.0.1", TELNYX_API_KEY=KEY)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"portouts: apprise not installed: {install_command('alerts')}\n"
    assert list(tmp_path.iterdir()) == []


# alerts test, alerts preview


def test_a_test_message_reaches_each_receiver(command: Command, http: HttpReceiver, mail: MailReceiver) -> None:
    ended = command("alerts", "test", ALERTS__URLS=f"{http.url} {mail.url()}")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["json://127.0.0.1: delivered.", "mailto://127.0.0.1: delivered."]
    assert bodies(http) == ["Alerts of portouts.duckdb arrive here."]
    assert [message["subject"] for message in mail.messages] == ["portouts: a test"]


def test_a_test_message_that_one_receiver_does_not_get_is_a_failure(command: Command, http: HttpReceiver) -> None:
    urls = f"{http.url} {closed_receiver()} nonsense://{PASSWORD}"
    ended = command("alerts", "test", "--json", ALERTS__URLS=urls)
    problem = "it could not be reached, or refused the message"
    assert ended.code == 1
    assert json.loads(ended.out) == {
        "receivers": [
            {"receiver": "json://127.0.0.1", "is_delivered": True, "problem": None},
            {"receiver": "json://127.0.0.1", "is_delivered": False, "problem": problem},
            {"receiver": "nonsense://…", "is_delivered": False, "problem": "Apprise does not understand this URL"},
        ]
    }
    assert PASSWORD not in ended.out + ended.err


@pytest.mark.parametrize("arguments", [["alerts", "test"], ["report", "--send"]], ids=" ".join)
def test_without_receivers_there_is_nobody_to_send_to(command: Command, arguments: list[str]) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert "set ALERTS__URLS, or urls under [alerts] in .dlt/secrets.toml" in ended.err


def test_a_preview_shows_what_was_sent_and_sends_nothing(synced: Command, http: HttpReceiver) -> None:
    assert synced("sync", ALERTS__URLS=http.url).code == 0
    shown, as_json = synced("alerts", "preview"), synced("alerts", "preview", "--json")
    assert (shown.code, as_json.code) == (0, 0)
    [body] = bodies(http)
    assert shown.out.strip() == body.rpartition("\n\n")[0]
    assert [alert["title"] for alert in json.loads(as_json.out)["alerts"]] == FOUND


def test_a_preview_needs_a_published_file(command: Command) -> None:
    ended = command("alerts", "preview")
    assert (ended.code, ended.out) == (1, "")
    assert "Run `portouts sync` first." in ended.err


# report --send


@pytest.fixture
def report(tmp_path: Path) -> Report:
    page = tmp_path / "a %41 & page?.html"
    page.write_text("<h1>Report</h1>", encoding="utf-8")
    return Report(page, [], State(None, is_proven=False, certificate="", last_day=None))


def test_the_page_is_a_file_of_the_message(report: Report, http: HttpReceiver, mail: MailReceiver) -> None:
    assert send_report(report, [http.url, mail.url()]) == ["json://127.0.0.1", "mailto://127.0.0.1"]
    [attached] = http.messages[0]["attachments"]
    assert base64.b64decode(attached["base64"]) == report.output.read_bytes()
    [part] = mail.messages[0].iter_attachments()
    assert isinstance(part, EmailMessage)
    assert part.get_content_type() == "text/html"
    assert part.get_filename() == report.output.name
    assert part.get_content().strip() == "<h1>Report</h1>"


def test_a_page_that_does_not_arrive_is_a_failure(report: Report, http: HttpReceiver) -> None:
    with pytest.raises(NotDelivered, match=r"not every receiver got it: json://127.0.0.1: not delivered"):
        send_report(report, [http.url, closed_receiver()])
    with pytest.raises(NotDelivered, match=r"syslog://…: not delivered, it takes no files\."):
        send_report(report, ["syslog://"])
    assert len(http.messages) == 1


@pytest.mark.slow
def test_the_report_is_sent(synced: Command, mail: MailReceiver) -> None:
    assert synced("sync").code == 0
    ended = synced("report", "--send", "--json", ALERTS__URLS=mail.url())
    assert (ended.code, json.loads(ended.out)["sent_to"]) == (0, ["mailto://127.0.0.1"])
    [message] = mail.messages
    assert message["subject"] == "portouts: report"
    [part] = message.iter_attachments()
    assert isinstance(part, EmailMessage)
    assert part.get_content().startswith("<!DOCTYPE html>")
    text = message.get_body()
    assert text is not None
    assert "What needs an answer today?" in text.get_content()
