"""Plans what to send for each order of a command, or states why nothing is sent.

Only a pending order is answered. A rejection needs a code from the list that the API returns for this order, and a
reason if that code requires one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portouts.answers.order import FreshOrder, RejectionCode
from portouts.answers.reading import OrderReader
from portouts.errors import CannotAnswer, PortoutsError, SettingsError
from portouts.telnyx.answers import Request, Target
from portouts.telnyx.errors import KeyRejected

# The API's description requires a reason for an authorisation, too.
REASON_TO_AUTHORIZE = "Authorized"
AT_A_TIME = 8


@dataclass(frozen=True)
class Decision:
    """The answer for all orders of one command."""

    target: Target
    rejection_code: int | None = None
    reason: str | None = None

    def request_for(self, order: FreshOrder) -> Request:
        """Return what to send; raises `CannotAnswer`, or `SettingsError` for a wrong code."""
        if not order.is_pending:
            raise CannotAnswer(f"It is {order.status or 'of no status'}, not pending.")
        if self.target is Target.AUTHORIZED:
            return Request(order.portout_id, self.target, self.reason or REASON_TO_AUTHORIZE)
        code = self._allowed_code(order)
        reason = self.reason or code.description or f"Rejection code {code.code}"
        return Request(order.portout_id, self.target, reason, code.code)

    def _allowed_code(self, order: FreshOrder) -> RejectionCode:
        codes = order.rejection_codes
        if codes is None:
            why = " ".join(note for note in order.notes if "rejection codes" in note)
            raise CannotAnswer(f"The rejection codes of this order could not be read. {why}".rstrip())
        code = next((each for each in codes if each.code == self.rejection_code), None)
        if code is None:
            listed = "".join(f"\n  {described(each)}" for each in codes) or " none"
            raise SettingsError(f"It cannot be rejected with --code {self.rejection_code}. The API allows:{listed}")
        if code.reason_required and not self.reason:
            raise SettingsError(f"Code {described(code)}: give --reason TEXT.")
        return code


@dataclass(frozen=True)
class Planned:
    """One order of a command: what to send, or why nothing is sent."""

    reference: str
    """The id or the support key that was given."""
    order: FreshOrder | None
    request: Request | None
    problem: str = ""
    exit_code: int = 0
    account: str | None = None
    """None if it is not known which account holds the order."""


async def plan_answers(reader: OrderReader, references: Iterable[str], decision: Decision) -> list[Planned]:
    """Read the orders and plan each one separately; an order that is named twice is planned once."""
    names = list(dict.fromkeys(name.strip() for name in references))
    at_a_time = asyncio.Semaphore(AT_A_TIME)

    async def plan(name: str) -> Planned:
        async with at_a_time:
            return await _plan(reader, name, decision)

    return _each_once(await asyncio.gather(*map(plan, names)))


async def _plan(reader: OrderReader, reference: str, decision: Decision) -> Planned:
    order = None
    try:
        order = await reader.read(reference)
        return Planned(reference, order, decision.request_for(order))
    except KeyRejected:  # no order can be read
        raise
    except PortoutsError as error:
        return Planned(reference, order, None, str(error), error.exit_code)


def _each_once(planned: Sequence[Planned]) -> list[Planned]:
    """Keep one plan per order; an order may be named by its id and by its support key."""
    found: dict[str, Planned] = {}
    for each in planned:
        found.setdefault(each.order.portout_id if each.order else f"not found: {each.reference}", each)
    return list(found.values())


def described(code: RejectionCode) -> str:
    """Describe a rejection code in one line."""
    return f"{code.code} {code.description or ''}".rstrip() + (" (needs a reason)" if code.reason_required else "")
