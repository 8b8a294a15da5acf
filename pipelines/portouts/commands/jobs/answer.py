"""The steps of `authorize` and `reject`: read and plan; lock; write a row, send, complete the row; publish.

No request is sent before its row is committed. After a request was sent, no later failure hides its outcome.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import msgspec

from portouts.answers.held import read_held
from portouts.answers.order import FreshOrder
from portouts.answers.plan import Decision, Planned, plan_answers
from portouts.answers.reading import OrderReader
from portouts.answers.recording import Identity, Recorder
from portouts.answers.sending import Sender, Sent
from portouts.answers.showing import Showing
from portouts.errors import Locked, PortoutsError
from portouts.extract.options import NO_CALLBACKS, Callbacks, Progress
from portouts.load.connection import Connection, OpenClient
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.settings.remembered import settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.settings.tables import SourceSettings
from portouts.logs import INFO, WARNING, log
from portouts.names import DEFAULT_ACCOUNT
from portouts.telnyx.answers import AnswerClient, Request
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.clock import TOLERANCE
from portouts.warehouse.accounts.folders import has_accounts
from portouts.warehouse.faults import first_line
from portouts.warehouse.rows.answers import Outcome
from portouts.warehouse.warehouse import Warehouse

OpenAnswers = Callable[..., AnswerClient]
"""Makes the client that sends; its arguments are those of `AnswerClient`."""
# A person waits, so the deadline of reading is shorter than in a sync.
LONGEST_READING = 60
NOT_SENT = "not sent"
_OF_THE_MACHINE = (duckdb.Error, OSError, MemoryError)


@dataclass(frozen=True)
class Clients:
    """Makes the clients that read and the client that sends, and waits between two readings of an order."""

    open_reading: OpenClient = TelnyxClient
    open_answers: OpenAnswers = AnswerClient
    sleep: Callable[[float], None] = time.sleep


CLIENTS = Clients()


@dataclass(frozen=True)
class AnswerRequest:
    """The options of the command line."""

    settings: Settings
    references: Sequence[str]
    decision: Decision
    identity: Identity
    wait_seconds: float = 0.0
    """How long to wait for a sync that holds the lock."""


@dataclass(frozen=True)
class AnswerPlan:
    """What will be sent, and the settings with which the orders were read."""

    settings: Settings
    planned: Sequence[Planned]
    clock_ahead: timedelta
    """How far this machine's clock is ahead of the API's clock."""
    account: str = DEFAULT_ACCOUNT
    """The account that holds the orders."""

    @property
    def to_send(self) -> list[tuple[Planned, FreshOrder, Request]]:
        return [(each, each.order, each.request) for each in self.planned if each.order and each.request]


@dataclass(frozen=True)
class OrderAnswer:
    """The outcome of one order."""

    planned: Planned
    outcome: str
    """One of `Outcome`, or `not sent`."""
    message: str = ""
    status_after: str | None = None
    attempt_id: str | None = None
    exit_code: int = 0


@dataclass
class AnswerOutcome:
    """The outcomes of all orders."""

    decision: Decision
    orders: list[OrderAnswer]
    published: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return 0 if all were answered, 2 if wrong usage prevented all, else 1."""
        codes = [order.exit_code for order in self.orders]
        return 2 if codes and set(codes) == {2} else int(any(codes))


def plan(
    warehouse: Warehouse,
    request: AnswerRequest,
    callbacks: Callbacks = NO_CALLBACKS,
    clients: Clients = CLIENTS,
) -> AnswerPlan:
    """Read all named orders, and plan what to send for each. Sends and writes nothing."""
    held = read_held(warehouse.database, request.settings, request.references)
    settings = held.settings
    client = Connection(_soon_given_up(settings.source), callbacks, clients.open_reading).open()
    window = timedelta(hours=settings.models.response_window_hours)
    reader = OrderReader(client, window, settings.source.privacy, held.pending_since.get)
    planned = converse(client, lambda: plan_answers(reader, request.references, request.decision))
    return AnswerPlan(settings, planned, client.api_clock.ahead, held.account)


def unsent(plan: AnswerPlan, decision: Decision) -> AnswerOutcome:
    """Return the outcome if nothing of a plan is sent."""
    return AnswerOutcome(decision, [_not_sent(each) for each in plan.planned])


def answer(
    warehouse: Warehouse,
    request: AnswerRequest,
    plan: AnswerPlan,
    clock: Callable[[], datetime],
    callbacks: Callbacks = NO_CALLBACKS,
    clients: Clients = CLIENTS,
) -> AnswerOutcome:
    """Send the planned answers one by one, and publish the result.

    Raises an error only if nothing was sent: the lock is held, the file cannot be written, or a setting contradicts it.
    """
    try:
        with warehouse.locked(request.wait_seconds), isolated_dlt(warehouse.folder), ExitStack() as stack:
            own = warehouse
            if has_accounts(warehouse.folder):
                own = warehouse.of_account(plan.account)
                stack.enter_context(own.locked(request.wait_seconds))
            raw = own.healing(lambda: stack.enter_context(raw_pipeline(own)))
            run = _Run.prepared(warehouse, raw, request, plan, clock, callbacks, clients)
            return run.answer(callbacks.on_progress)
    except Locked as locked:
        raise Locked(f"{locked} Nothing was sent.") from None


@dataclass
class _Run:
    """One command under the lock of its warehouse."""

    plan: AnswerPlan
    decision: Decision
    recorder: Recorder
    sender: Sender
    showing: Showing
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    why_stopped: str = ""
    """Why no more answers are sent; empty if they are."""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def prepared(
        cls,
        warehouse: Warehouse,
        raw: RawPipeline,
        request: AnswerRequest,
        plan: AnswerPlan,
        clock: Callable[[], datetime],
        callbacks: Callbacks,
        clients: Clients,
    ) -> _Run:
        """Do everything that may fail, before anything is sent."""
        with raw.warehouse.connected() as connection:
            settings = settings_in_use(connection, raw.state(), plan.settings, names={"pii"}).settings
        source = _soon_given_up(settings.source)
        connection_to_api = Connection(
            source, Callbacks(on_wait=callbacks.on_wait, measures=callbacks.measures), clients.open_reading
        )
        showing = Showing(warehouse, raw, settings, connection_to_api, plan.account)
        showing.require_same_account([order.portout_id for _, order, _ in plan.to_send])
        client = clients.open_answers(source.api_key, source.base_url, rate_limit=connection_to_api.open().rate_limit)
        recorder = Recorder(warehouse, source.privacy, request.identity, clock, plan.account)
        sender = Sender(client, connection_to_api.open, clients.sleep)
        return cls(plan, request.decision, recorder, sender, showing, clock, callbacks.is_stopping)

    def answer(self, on_progress: Progress) -> AnswerOutcome:
        """Answer the orders one after the other."""
        answers: list[OrderAnswer] = []
        for each in self.plan.planned:
            answers.append(self._answer(each))
            on_progress(len(answers), len(self.plan.planned))
        reached = [each.planned.order.portout_id for each in answers if each.attempt_id and each.planned.order]
        published = bool(reached) and self._is_shown(reached)
        return AnswerOutcome(self.decision, answers, published, self.notes)

    def _answer(self, planned: Planned) -> OrderAnswer:
        if self.is_stopping():
            self.why_stopped = self.why_stopped or "Stopped as asked."
        if not (planned.order and planned.request) or self.why_stopped:
            return _not_sent(planned, self.why_stopped)
        try:
            attempt_id = self.recorder.begin(planned.order, planned.request)
        except _OF_THE_MACHINE as error:
            self.why_stopped = f"Its row could not be written ({first_line(error)})."
            return _not_sent(planned, self.why_stopped)
        sent = self.sender.send(planned.request)
        self._complete(attempt_id, sent)
        if not sent.is_reached:
            self.why_stopped = "The API does not answer."
        code = int(sent.outcome is not Outcome.ANSWERED)
        fields = {"portout_id": planned.request.portout_id, "answer": planned.request.target, "outcome": sent.outcome}
        log("answer", **fields, attempt_id=attempt_id, level=WARNING if code else INFO)
        return OrderAnswer(planned, sent.outcome, sent.message, sent.status_after, attempt_id, code)

    def _complete(self, attempt_id: str, sent: Sent) -> None:
        try:
            self.recorder.complete(attempt_id, sent)
        except _OF_THE_MACHINE as error:
            self.notes.append(f"The outcome could not be written into its row ({first_line(error)}); a sync adds it.")

    def _is_shown(self, portout_ids: Sequence[str]) -> bool:
        """Publish the answers; a failure becomes a note, because the answers were sent."""
        ahead = self.plan.clock_ahead
        now = self.clock() - (ahead if abs(ahead) > TOLERANCE else timedelta())
        try:
            self.showing.show(portout_ids, now)
        except (PortoutsError, *_OF_THE_MACHINE) as error:
            reason = str(error) if isinstance(error, PortoutsError) else f"{first_line(error)}."
            self.notes.append(f"The outcome is stored; the next `portouts sync` publishes it. {reason}")
            return False
        return True


def _not_sent(planned: Planned, failure: str = "") -> OrderAnswer:
    """Return the outcome of an order for which nothing was sent."""
    return OrderAnswer(planned, NOT_SENT, planned.problem or failure, exit_code=planned.exit_code or int(bool(failure)))


def _soon_given_up(settings: SourceSettings) -> SourceSettings:
    seconds = min(settings.request_deadline_seconds, LONGEST_READING)
    return msgspec.structs.replace(settings, request_deadline_seconds=seconds, sync_deadline_minutes=0)
