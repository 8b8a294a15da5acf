"""Alerts reach real receivers once, cost bounded time, and show no address, number or person."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_receivers import (
    PASSWORD,
    HttpReceiver,
    MailReceiver,
    closed_receiver,
    http_receiver,
    mail_receiver,
    silent_receiver,
    unused_port,
)
from filelock import FileLock
from order_histories import AS_OF, World
from portouts.commands.jobs.alerts import send_test
from portouts.errors import LoadFailed, NotProven
from portouts.load.settings.tables import AlertSettings
from portouts.monitor.alerts import receivers
from portouts.monitor.alerts.finding import Alert, Finding
from portouts.monitor.alerts.message import MOST_CHARACTERS, message_of
from portouts.monitor.alerts.notification import Account, notify
from portouts.monitor.alerts.outcomes import AccountEnd, alert_of_accounts, alert_of_failure, alert_of_proof
from portouts.monitor.alerts.receivers import Delivery, Message, deliver
from portouts.warehouse.metadata import Certificate
from published_worlds import own, publish

LONG = 120.0  # seconds that no receiver here takes
HOUR = timedelta(hours=1)
HANG = "threading.Event().wait()\n"
WELL = alert_of_proof("sync", None)


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def one_order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish one order with 20 hours left."""
    world = World()
    world.add_order(1, AS_OF - 28 * HOUR)
    return publish(tmp_path_factory.mktemp("one_order"), world)


@pytest.fixture
def account(one_order: Path, tmp_path: Path) -> Account:
    database = Path(shutil.copy(one_order, tmp_path))
    return Account(database, tmp_path / ".portouts" / database.name)


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep requests to the services of the world on this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")


def notes_of(
    account: Account, *urls: str, ended: Alert = WELL, hours_later: float = 0, seconds: float = LONG, **settings: object
) -> list[str]:
    chosen = AlertSettings(urls=urls, **settings)  # type: ignore[arg-type] # the values of these settings
    return list(notify(account, chosen, ended, AS_OF + hours_later * HOUR, seconds))


def bodies(receiver: HttpReceiver) -> list[str]:
    return [message["message"] for message in receiver.messages]


ORDER = (
    "Silence authorises an order soon.\n"
    "- order: PO_000001; carrier: Example Telecom; numbers: 1; deadline: 21 Mar 2026 08:00 UTC; hours left: {}\n"
    "\n"
    "portouts.duckdb, as of 20 Mar 2026 12:00 UTC"
)


# Once


def test_two_runs_send_one_message(account: Account, http: HttpReceiver) -> None:
    assert notes_of(account, http.url) + notes_of(account, http.url, hours_later=1) == []
    assert [message["title"] for message in http.messages] == ["portouts: Silence authorises an order soon"]
    assert bodies(http) == [ORDER.format(20)]


def test_an_order_is_sent_once_per_threshold(account: Account, http: HttpReceiver) -> None:
    for hours_later in (0, 1, 15.9, 16, 17, 25):
        assert notes_of(account, http.url, hours_later=hours_later) == []
    assert bodies(http) == [ORDER.format(20), ORDER.format(4)]


def test_a_finding_that_ends_and_comes_back_is_sent_again(tmp_path: Path, account: Account, http: HttpReceiver) -> None:
    folder = own(tmp_path, mine="-- Mine.\nselect 1 as found")
    for sql in ("-- Mine.\nselect 1 as found where false", "-- Mine.\nselect 1 as found"):
        notes_of(account, http.url, hours_before=(), alerts_folder=folder)
        (folder / "mine.sql").write_text(sql, encoding="utf-8")
    notes_of(account, http.url, hours_before=(), alerts_folder=folder)
    assert [body.splitlines()[:2] for body in bodies(http)] == [["Mine.", "- found: 1"]] * 2


def test_a_query_that_fails_is_sent_once_and_forgets_nothing(
    tmp_path: Path, account: Account, http: HttpReceiver
) -> None:
    folder = own(tmp_path)
    for sql in ("select 1 as found", "selec", "selec", "select 1 as found", "selec"):
        (folder / "mine.sql").write_text(f"-- Mine.\n{sql}", encoding="utf-8")
        notes_of(account, http.url, hours_before=(), alerts_folder=folder)
    broken = ["An alert cannot be run.", '- mine: syntax error at or near "selec"']
    assert [body.splitlines()[:2] for body in bodies(http)] == [["Mine.", "- found: 1"], broken, broken]


def test_a_failing_sync_is_sent_once_until_it_ends_well(account: Account, http: HttpReceiver) -> None:
    failed, other = alert_of_failure("sync", LoadFailed("It failed.")), alert_of_failure("sync", NotProven("Not so."))
    for ended in (failed, failed, other, WELL, WELL, failed):
        notes_of(account, http.url, ended=ended, hours_before=())
    lines = [body.splitlines()[:2] for body in bodies(http)]
    assert lines == [["`portouts sync` failed.", f"- {text}"] for text in ("It failed.", "Not so.", "It failed.")]


def test_a_sync_that_ends_well_says_nothing_of_a_verification(account: Account, http: HttpReceiver) -> None:
    failed = alert_of_failure("verify", LoadFailed("It failed."))
    for ended in (failed, WELL, failed, alert_of_proof("verify", None), failed):
        notes_of(account, http.url, ended=ended, hours_before=())
    assert len(http.messages) == 2


def test_without_a_published_file_a_failure_is_sent_and_nothing_is_forgotten(
    account: Account, http: HttpReceiver
) -> None:
    notes_of(account, http.url)
    database = account.database.rename(account.database.with_suffix(".away"))
    notes_of(account, http.url, ended=alert_of_failure("sync", LoadFailed("It failed.")))
    database.rename(account.database)
    notes_of(account, http.url)
    assert bodies(http)[1:] == ["`portouts sync` failed.\n- It failed.\n\nportouts.duckdb"]


def test_everything_of_one_run_is_one_message(account: Account, http: HttpReceiver) -> None:
    notes_of(account, http.url, ended=alert_of_failure("sync", LoadFailed("It failed.")))
    assert [message["title"] for message in http.messages] == ["portouts: 2 alerts"]
    assert bodies(http) == ["`portouts sync` failed.\n- It failed.\n\n" + ORDER.format(20)]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": {"b": 1}}', "\x00"], ids=repr)
def test_a_lost_memory_costs_one_message(account: Account, http: HttpReceiver, content: str) -> None:
    notes_of(account, http.url)
    (account.folder / "alerts.json").write_text(content, encoding="utf-8")
    notes_of(account, http.url)
    notes_of(account, http.url)
    assert len(http.messages) == 2


def test_the_memory_is_private_and_shows_no_address(account: Account, http: HttpReceiver) -> None:
    before = os.umask(0)
    try:
        notes_of(account, http.url)
    finally:
        os.umask(before)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in account.folder.iterdir()}
    assert files == {"alerts.json": 0o600, "alerts.lock": 0o600}
    assert PASSWORD not in (account.folder / "alerts.json").read_text(encoding="utf-8")


def test_a_memory_that_cannot_be_written_is_a_note(account: Account, http: HttpReceiver) -> None:
    account.folder.parent.write_text("no folder", encoding="utf-8")
    [note] = notes_of(account, http.url)
    assert "so the next run sends the same alerts again" in note
    assert len(http.messages) == 1


def test_while_another_process_sends_alerts_nothing_is_sent(account: Account, http: HttpReceiver) -> None:
    account.folder.mkdir(parents=True)
    with FileLock(account.folder / "alerts.lock"):
        assert notes_of(account, http.url) == []
    assert http.messages == []
    notes_of(account, http.url)
    assert len(http.messages) == 1


# Receivers


def test_a_mail_arrives_as_it_was_written(account: Account, mail: MailReceiver) -> None:
    assert notes_of(account, mail.url()) == []
    [message] = mail.messages
    assert (message["subject"], message["to"]) == ("portouts: Silence authorises an order soon", "desk@example.com")
    assert message.get_content().replace("\r\n", "\n").strip() == ORDER.format(20)


def test_a_receiver_that_fails_is_noted_and_gets_it_at_the_next_run(account: Account, http: HttpReceiver) -> None:
    dead = closed_receiver()
    [note] = notes_of(account, http.url, dead)
    assert note == "Alerts: json://127.0.0.1: not delivered, it could not be reached, or refused the message."
    [same] = notes_of(account, http.url, dead)
    assert same == note
    assert len(http.messages) == 1


def test_what_a_receiver_refuses_is_sent_again(http: HttpReceiver) -> None:
    http.statuses = [503, 500]
    [delivery] = deliver([(http.url, Message("title", "body"))], LONG)
    assert delivery == Delivery("json://127.0.0.1", is_delivered=True, problem=None)
    assert (len(http.messages), http.requests) == (1, 3)


def test_a_refusal_is_named_by_its_status(account: Account, http: HttpReceiver) -> None:
    http.statuses = [401] * 3
    assert notes_of(account, http.url) == ["Alerts: json://127.0.0.1: not delivered, it answered 401."]
    notes_of(account, http.url)
    assert len(http.messages) == 1


def test_a_receiver_that_never_answers_costs_no_more_than_the_time_given(account: Account, http: HttpReceiver) -> None:
    with silent_receiver() as silent:
        notes = notes_of(account, silent, http.url, seconds=6)
        assert notes == ["Alerts: json://127.0.0.1: not delivered, it did not answer in time."]
        assert len(http.messages) == 1
        notes_of(account, http.url)
    assert len(http.messages) == 1


def test_without_time_nothing_is_delivered_and_nothing_hangs(http: HttpReceiver) -> None:
    [delivery] = deliver([(http.url, Message("title", "body"))], 0.0)
    assert delivery == Delivery("json://…", is_delivered=False, problem="it did not answer in time")


def test_a_sender_that_hangs_is_ended_and_what_it_has_done_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "hanging.py"
    done = '{"place": 0, "receiver": "json://h", "is_delivered": true, "problem": null}'
    hanging.write_text(f"print('{done}', flush=True)\nprint('{{', end='', flush=True)\nimport threading\n" + HANG)
    monkeypatch.setattr(receivers, "SENDER", hanging)
    first, second = deliver([("json://h", Message("title", "body"))] * 2, 3)
    assert first == Delivery("json://h", is_delivered=True, problem=None)
    assert second == Delivery("json://…", is_delivered=False, problem="it did not answer in time")


def test_a_mail_that_one_of_two_recipients_refuses_is_not_sent_at_every_run(
    account: Account, mail: MailReceiver
) -> None:
    mail.refused = {"gone@example.com"}
    url = mail.url("desk@example.com", "gone@example.com")
    note = "Alerts: mailto://127.0.0.1: delivered, only some of its recipients accepted the message."
    assert notes_of(account, url) == [note]
    assert notes_of(account, url) == []
    assert len(mail.messages) == 1


STRANGE = {
    "nonsense://user:secret@host": "nonsense://…",
    "json://": "json://…",
    "slack://TSECRET": "slack://…",
    "JSON://[::1": "json://…",
    "json://\x00secret": "json://…",
}


@pytest.mark.parametrize("url", STRANGE, ids=repr)
def test_an_address_that_apprise_does_not_understand_is_named_by_its_scheme(url: str) -> None:
    [delivery] = deliver([(url, Message("title", "body"))], LONG)
    assert (delivery.receiver, delivery.is_delivered) == (STRANGE[url], False)
    assert delivery.problem == "Apprise does not understand this URL"


TOKENS = {
    "tgram://123456789:abcdefg_hijklmnop/12315544/": "tgram://…",
    "pover://user@token": "pover://…",
    "ntfy://topic": "ntfy://…",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": "discord://…",
}


@pytest.mark.usefixtures("no_way_out")
def test_a_token_in_the_place_of_a_host_is_not_shown() -> None:
    deliveries = deliver([(url, Message("title", "body")) for url in TOKENS], 4.0)
    assert {one.receiver: one.is_delivered for one in deliveries} == dict.fromkeys(TOKENS.values(), False)


def test_a_test_message_goes_to_every_receiver(tmp_path: Path, http: HttpReceiver, mail: MailReceiver) -> None:
    deliveries = send_test([http.url, mail.url()], tmp_path / "portouts.duckdb")
    assert [str(one) for one in deliveries] == ["json://127.0.0.1: delivered.", "mailto://127.0.0.1: delivered."]
    assert bodies(http) == ["Alerts of portouts.duckdb arrive here."]


# Content


def test_a_message_stays_short_and_counts_what_it_leaves_out() -> None:
    many = Alert("many", "Many.", tuple(Finding(str(place), f"finding {place} {'x' * 80}") for place in range(200)))
    body = message_of([many, replace(many, title="More.")], Path("portouts.duckdb"), AS_OF).body
    assert len(body) <= MOST_CHARACTERS + 80
    shown = body.count("\n- finding")
    assert shown > 10
    assert f"\n… and {400 - shown} more: `portouts alerts preview` shows all.\n" in body


def test_at_least_one_finding_is_shown() -> None:
    body = message_of([Alert("long", "Long.", (Finding("1", "x" * 5_000),))], Path("portouts.duckdb"), None).body
    assert body.startswith("Long.\n- xxx")


def certificate(**fields: object) -> Certificate:
    made = dict.fromkeys(Certificate.__dataclass_fields__, 0) | {"verdict": "PROVEN"} | fields
    return Certificate(**made)  # type: ignore[arg-type] # most fields do not matter


def test_what_is_not_proven_is_reported() -> None:
    assert alert_of_proof("sync", certificate()).findings == ()
    different = alert_of_proof("verify", certificate(verdict="DIFFERENT", orders=1200, differences=3))
    assert [one.line for one in different.findings] == [
        "DIFFERENT: 1,200 orders compared, 3 differ. `portouts verify` says more."
    ]
    more = alert_of_proof("verify", certificate(verdict="DIFFERENT", orders=1300, differences=4))
    same = alert_of_proof("verify", certificate(verdict="DIFFERENT", orders=1300, differences=3))
    assert different.findings[0].key == same.findings[0].key != more.findings[0].key
    unproven = alert_of_proof("sync", certificate(verdict="UNPROVEN"), ["a", "b"])
    assert len(unproven.findings) == 2


def test_of_several_accounts_each_finding_names_its_account_and_hides_no_other() -> None:
    differs, refused = certificate(verdict="DIFFERENT", orders=10, differences=1), LoadFailed("It failed.")
    alert = alert_of_accounts(
        "sync", [AccountEnd("acme", certificate=differs), AccountEnd("east", refused), AccountEnd("west", refused)]
    )
    assert [one.line for one in alert.findings] == [
        "acme: DIFFERENT: 10 orders compared, 1 differ. `portouts verify` says more.",
        "east: it could not be read. It failed.",
        "west: it could not be read. It failed.",
    ]
    assert len({one.key for one in alert.findings}) == 3
    assert alert_of_accounts("sync", [AccountEnd("acme", certificate=certificate())]).findings == ()


def test_the_text_of_an_unknown_error_is_not_shown() -> None:
    [finding] = alert_of_failure("sync", KeyError(f"+13125550100 {PASSWORD}")).findings
    assert finding.line == "an unknown error (KeyError); its log says more"


@pytest.mark.parametrize("receiver", ["http", "mail"])
def test_a_hostile_name_is_shown_as_text(tmp_path: Path, receiver: str, request: pytest.FixtureRequest) -> None:
    world = World()
    name = "@everyone <b>Bold</b>\r\nCc: a\u202e https://trap.example +13125550100"
    world.add_order(1, AS_OF - 28 * HOUR, carrier_name=name, spid="9Z", support_key="PO_1\n- order: PO_2")
    database = publish(tmp_path, world)
    to = request.getfixturevalue(receiver)
    url = to.url if receiver == "http" else to.url()
    assert notes_of(Account(database, tmp_path / ".portouts" / "x"), url) == []
    body = bodies(to)[0] if receiver == "http" else to.messages[0].get_content()
    shown = "order: PO_1 - order: PO_2; carrier: ＠everyone ‹b›Bold‹/b› Cc: a https:// trap.example (number); "
    assert body.replace("\r\n", "\n").splitlines()[1].startswith(f"- {shown}numbers: 1;")
    assert len(body.strip().splitlines()) == 4


CANARIES = ["PIN 4711", "Jane Canary", "1 Canary Street", "because of Canary", "3125550177"]


def test_no_personal_data_is_in_a_message(tmp_path: Path, http: HttpReceiver) -> None:
    world = World()
    personal: dict[str, Any] = {
        "phone_numbers": ["+13125550177"],
        "end_user_name": "Jane Canary",
        "authorized_name": "Jane Canary",
        "service_address": "1 Canary Street",
        "reason": "because of Canary, PIN 4711",
        "pon": "PON_1",
    }
    world.add_order(1, AS_OF - 50 * HOUR, "rejected", **personal)
    world.add_order(2, AS_OF - 28 * HOUR, **personal)
    database = publish(tmp_path, world)
    everything = {
        f"all_{name}": f"-- All.\nfrom marts.{name}"
        for name in ("fct_portouts", "fct_portout_numbers", "agg_repeat_attempts", "fct_rejections", "rpt_open_orders")
    }
    called = "select phone_number as called, list(phone_number) as calls from marts.fct_portout_numbers group by all"
    aliased = {"aliased": f"-- Aliased.\n{called}"}
    folder = own(tmp_path, **everything, **aliased)
    notes = notes_of(Account(database, tmp_path / "state"), http.url, alerts_folder=folder)
    sent = json.dumps(http.messages)
    assert notes == []
    assert "called: (number)" in sent
    assert [canary for canary in CANARIES if canary in sent] == []
