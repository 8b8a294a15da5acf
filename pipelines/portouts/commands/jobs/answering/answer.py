"""The steps of `authorize` and `reject`: read and plan; lock; write a row, send, complete the row; publish.

No request is sent before its row is committed. After a request was sent, no later failure hides its outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb

from portouts.answers.plan import Decision, Planned
from portouts.answers.recording import Recorder
from portouts.answers.sending import Sender, Sent
from portouts.answers.showing import Showing, publish_answers
from portouts.commands.jobs.accounts.reading import prepare_accounts
from portouts.commands.jobs.answering.plan import (
    CLIENTS,
    AccountPlan,
    AnswerPlan,
    AnswerRequest,
    Clients,
    soon_given_up,
    to_send,
)
from portouts.errors import Locked, PortoutsError
from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.load.connection import Connection
from portouts.load.dlt_config import isolated_dlt
from portouts.load.pipeline import RawPipeline, raw_pipeline
from portouts.load.settings.accounts import named_key, naming_key
from portouts.load.settings.remembered import settings_in_use
from portouts.load.settings.settings import Settings
from portouts.logs import INFO, WARNING, log
from portouts.telnyx.clock import TOLERANCE
from portouts.warehouse.accounts.folders import has_accounts
from portouts.warehouse.faults import first_line
from portouts.warehouse.rows.answers import Outcome
from portouts.warehouse.warehouse import Warehouse

NOT_SENT = "not sent"
_OF_THE_MACHINE = (duckdb.Error, OSError, MemoryError)


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
    """Send the planned answers one by one, account by account, and publish the result.

    Raises an error only if nothing was sent: the lock is held, the file cannot be written, or a setting contradicts it.
    """
    try:
        with warehouse.locked(request.wait_seconds), isolated_dlt(warehouse.folder):
            return _Command(warehouse, request, plan, clock, callbacks, clients).answer()
    except Locked as locked:
        raise Locked(f"{locked} Nothing was sent.") from None


@dataclass
class _Command:
    """One command under the lock of its warehouse."""

    warehouse: Warehouse
    request: AnswerRequest
    plan: AnswerPlan
    clock: Callable[[], datetime]
    callbacks: Callbacks
    clients: Clients
    answers: list[OrderAnswer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    to_publish: list[tuple[Settings, datetime]] = field(default_factory=list)
    is_behind: bool = False
    """Whether an answer is stored that could not be published."""

    def answer(self) -> AnswerOutcome:
        """Answer the orders of one account after the other, and publish once."""
        for one in self.plan.accounts:
            try:
                self._answer(one)
            except PortoutsError as error:
                if len(self.plan.accounts) == 1:
                    raise
                self.answers += [_not_sent(each, str(error)) for each in one.planned]
        self.answers += map(_not_sent, self.plan.unplaced)
        if self.to_publish:
            with self._noting():
                publish_answers(self.warehouse, *self.to_publish[-1])
        published = bool(self.to_publish) and not self.is_behind
        return AnswerOutcome(self.request.decision, self.answers, published, self.notes)

    def _answer(self, plan: AccountPlan) -> None:
        """Answer the orders of one account. Raises an error only before anything is sent."""
        with ExitStack() as stack:
            own = self._warehouse_of(plan.account, stack)
            raw = own.healing(lambda: stack.enter_context(raw_pipeline(own)))
            with named_key(plan.account, self.request.settings.found):
                run = _Run.prepared(self, raw, plan)
            reached = run.answer()
            if reached:
                self._read_again(run.showing, reached, plan.clock_ahead)

    def _warehouse_of(self, account: str, stack: ExitStack) -> Warehouse:
        """Return the warehouse that holds the rows of an account: this one, if there are no accounts."""
        if not has_accounts(self.warehouse.folder):
            return self.warehouse
        prepare_accounts(self.warehouse.connection(), self.warehouse, [account])
        own = self.warehouse.of_account(account)
        stack.enter_context(own.locked(self.request.wait_seconds))
        return own

    def _read_again(self, showing: Showing, portout_ids: Sequence[str], ahead: timedelta) -> None:
        """Read answered orders again; a failure becomes a note, because the answers were sent."""
        now = self.clock() - (ahead if abs(ahead) > TOLERANCE else timedelta())
        with self._noting():
            self.to_publish.append((showing.read_again(portout_ids, now), now))

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except (PortoutsError, *_OF_THE_MACHINE) as error:
            reason = str(error) if isinstance(error, PortoutsError) else f"{first_line(error)}."
            self.is_behind = True
            self.notes.append(f"The outcome is stored; the next `portouts sync` publishes it. {reason}")


@dataclass
class _Run:
    """The answers of one account."""

    command: _Command
    plan: AccountPlan
    recorder: Recorder
    sender: Sender
    showing: Showing
    why_stopped: str = ""
    """Why no more answers are sent; empty if they are."""

    @classmethod
    def prepared(cls, command: _Command, raw: RawPipeline, plan: AccountPlan) -> _Run:
        """Do everything that may fail, before anything is sent."""
        callbacks, clients = command.callbacks, command.clients
        with raw.warehouse.connected() as connection:
            settings = settings_in_use(connection, raw.state(), plan.settings, names={"pii"}).settings
        source = soon_given_up(settings.source)
        connection_to_api = Connection(
            source, Callbacks(on_wait=callbacks.on_wait, measures=callbacks.measures), clients.open_reading
        )
        showing = Showing(command.warehouse, raw, settings, connection_to_api, plan.account)
        showing.require_same_account([order.portout_id for _, order, _ in to_send(plan.planned)])
        client = clients.open_answers(source.api_key, source.base_url, rate_limit=connection_to_api.open().rate_limit)
        recorder = Recorder(command.warehouse, source.privacy, command.request.identity, command.clock, plan.account)
        sender = Sender(client, connection_to_api.open, clients.sleep)
        return cls(command, plan, recorder, sender, showing)

    def answer(self) -> list[str]:
        """Answer the orders one after the other; return the ids of those for which something was sent."""
        answers, total = self.command.answers, len(self.command.plan.planned)
        for each in self.plan.planned:
            answers.append(self._answer(each))
            self.command.callbacks.on_progress(len(answers), total)
        ours = answers[len(answers) - len(self.plan.planned) :]
        return [each.planned.order.portout_id for each in ours if each.attempt_id and each.planned.order]

    def _answer(self, planned: Planned) -> OrderAnswer:
        if self.command.callbacks.is_stopping():
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
        message = naming_key(sent.message, self.plan.account, self.command.request.settings.found)
        return OrderAnswer(planned, sent.outcome, message, sent.status_after, attempt_id, code)

    def _complete(self, attempt_id: str, sent: Sent) -> None:
        try:
            self.recorder.complete(attempt_id, sent)
        except _OF_THE_MACHINE as error:
            self.command.notes.append(
                f"The outcome could not be written into its row ({first_line(error)}); a sync adds it."
            )


def _not_sent(planned: Planned, failure: str = "") -> OrderAnswer:
    """Return the outcome of an order for which nothing was sent."""
    return OrderAnswer(planned, NOT_SENT, planned.problem or failure, exit_code=planned.exit_code or int(bool(failure)))
