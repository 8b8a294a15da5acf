"""What `authorize` and `reject` will send, account by account: read from the API, and shown before it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec

from portouts.answers.held import HeldOrders, read_held_by_account
from portouts.answers.order import FreshOrder
from portouts.answers.plan import Decision, Planned, plan_answers
from portouts.answers.reading import OrderReader
from portouts.answers.recording import Identity
from portouts.errors import PortoutsError
from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.load.connection import Connection, OpenClient
from portouts.load.settings.accounts import named_key, naming_key
from portouts.load.settings.settings import Settings
from portouts.load.settings.tables import SourceSettings
from portouts.names import DEFAULT_ACCOUNT
from portouts.telnyx.answers import AnswerClient, Request
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.errors import TelnyxError
from portouts.warehouse.warehouse import Warehouse

OpenAnswers = Callable[..., AnswerClient]
"""Makes the client that sends; its arguments are those of `AnswerClient`."""
# A person waits, so the deadline of reading is shorter than in a sync.
LONGEST_READING = 60


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
class AccountPlan:
    """What will be sent to one account, and the settings with which its orders were read."""

    settings: Settings
    planned: Sequence[Planned]
    clock_ahead: timedelta
    """How far this machine's clock is ahead of the API's clock."""
    account: str = DEFAULT_ACCOUNT


@dataclass(frozen=True)
class AnswerPlan:
    """What will be sent, account by account."""

    accounts: Sequence[AccountPlan]
    unplaced: Sequence[Planned] = ()
    """The orders of no account that can be asked."""

    @property
    def planned(self) -> list[Planned]:
        return [*(each for one in self.accounts for each in one.planned), *self.unplaced]

    @property
    def to_send(self) -> list[tuple[Planned, FreshOrder, Request]]:
        return to_send(self.planned)


def to_send(planned: Sequence[Planned]) -> list[tuple[Planned, FreshOrder, Request]]:
    """Return the orders that will be answered."""
    return [(each, each.order, each.request) for each in planned if each.order and each.request]


def plan(
    warehouse: Warehouse,
    request: AnswerRequest,
    callbacks: Callbacks = NO_CALLBACKS,
    clients: Clients = CLIENTS,
) -> AnswerPlan:
    """Read all named orders, and plan what to send for each. Sends and writes nothing.

    Of several accounts, one that cannot be read leaves its orders unplaced.
    """
    held, errors = read_held_by_account(warehouse.database, request.settings, request.references)
    unplaced, accounts = [_unplaced(name, error) for name, error in errors.items()], list[AccountPlan]()
    for one in held:
        try:
            with named_key(one.account, request.settings.found):
                accounts.append(_plan_account(one, request, callbacks, clients))
        except TelnyxError as error:
            if len(held) == 1:
                raise
            unplaced += [_unplaced(name, error, one.account) for name in one.references]
    return AnswerPlan(accounts, unplaced)


def _unplaced(reference: str, error: PortoutsError, account: str | None = None) -> Planned:
    return Planned(reference, None, None, str(error), error.exit_code, account)


def _plan_account(held: HeldOrders, request: AnswerRequest, callbacks: Callbacks, clients: Clients) -> AccountPlan:
    settings = held.settings
    client = Connection(soon_given_up(settings.source), callbacks, clients.open_reading).open()
    window = timedelta(hours=settings.models.response_window_hours)
    reader = OrderReader(client, window, settings.source.privacy, held.pending_since.get, held.account)
    planned = converse(client, lambda: plan_answers(reader, held.references, request.decision))
    found = request.settings.found
    named = [
        replace(each, account=held.account, problem=naming_key(each.problem, held.account, found)) for each in planned
    ]
    return AccountPlan(settings, named, client.api_clock.ahead, held.account)


def soon_given_up(settings: SourceSettings) -> SourceSettings:
    """Return settings for requests for which a person waits."""
    seconds = min(settings.request_deadline_seconds, LONGEST_READING)
    return msgspec.structs.replace(settings, request_deadline_seconds=seconds, sync_deadline_minutes=0)
