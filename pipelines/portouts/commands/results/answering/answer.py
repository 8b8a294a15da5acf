"""Prints what `authorize` and `reject` ask before sending, and the outcomes afterwards."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec

from portouts.answers.order import FreshOrder
from portouts.answers.plan import Decision, Planned
from portouts.commands.jobs.answering.answer import AnswerOutcome, OrderAnswer
from portouts.commands.jobs.answering.plan import AnswerPlan
from portouts.commands.results.answering.order import LONGEST_TEXT, WIDTH, card_lines
from portouts.commands.terminal.output import as_object, print_result
from portouts.commands.terminal.progress import note
from portouts.names import LENGTH, label, plain
from portouts.telnyx.answers import Request, Target
from portouts.warehouse.rows.answers import Outcome

_VERBS = {Target.AUTHORIZED: "authorize", Target.REJECTED: "reject"}


class _OrderResult(msgspec.Struct):
    """One named order; the fields of an order that was not found are null."""

    reference: str
    portout_id: str | None
    account: str | None
    support_key: str | None
    carrier_name: str | None
    number_count: int | None
    requested_foc_on: date | None
    deadline_at: datetime | None
    hours_left: float | None
    status_before: str | None
    status_after: str | None
    outcome: str
    message: str
    attempt_id: str | None
    exit_code: int


class _Result(msgspec.Struct):
    database: str
    answer: str
    rejection_code: int | None
    dry_run: bool
    orders: list[_OrderResult]
    answered: int
    published: bool
    notes: list[str]


class _Failure(msgspec.Struct):
    """The last fields, if an order was not answered."""

    error: str
    exit_code: int


def card_of(planned: Planned, now: datetime) -> Iterator[str]:
    """Yield the lines before the question: the order, and what will happen to it."""
    if planned.order:
        yield from card_lines(planned.order, now)
    if planned.order and planned.request:
        yield from textwrap.wrap(_what_will_happen(planned.order, planned.request), WIDTH, break_on_hyphens=False)
    else:
        yield f"NOT TO BE SENT, {plain(planned.reference)}: {_safe(planned.problem)}"


def question(plan: AnswerPlan, decision: Decision) -> str:
    """Return the one question for all orders that can be answered."""
    count = len(plan.to_send)
    which = "this order" if count == 1 else f"these {count} orders"
    return f"{_VERBS[decision.target].capitalize()} {which}?"


def line_of(answer: OrderAnswer) -> str:
    """Return the outcome of one order, and what to do next."""
    status = f", now {plain(answer.status_after)}" if answer.status_after else ""
    message = f". {_safe(answer.message)}" if answer.message else ""
    return f"{_name(answer.planned)}: {answer.outcome}{status}{message}"


def facts_of(outcome: AnswerOutcome) -> dict[str, object]:
    """Return the fields about answers for the summary of the run."""
    counts = {name.replace(" ", "_"): count for name, count in _counts(outcome).items()}
    return {"answer": outcome.decision.target, "orders": len(outcome.orders), **counts, "published": outcome.published}


def print_answers(outcome: AnswerOutcome, database: Path, now: datetime, *, dry_run: bool, as_json: bool) -> None:
    """Print the outcome of each order and a summary; for a dry run, print what would be sent."""
    note(outcome.notes)
    result = _Result(
        database=str(database),
        answer=outcome.decision.target,
        rejection_code=outcome.decision.rejection_code,
        dry_run=dry_run,
        orders=[_result_of(order, now) for order in outcome.orders],
        answered=_counts(outcome)[Outcome.ANSWERED],
        published=outcome.published,
        notes=outcome.notes,
    )
    parts: list[object] = [result]
    if outcome.exit_code:
        parts.append(_Failure(_error_of(outcome), outcome.exit_code))
    lines = _lines_of_dry_run(outcome, now) if dry_run else _lines(outcome)
    print_result("\n".join(lines), as_object(*parts), as_json=as_json)


def _lines(outcome: AnswerOutcome) -> Iterator[str]:
    yield from map(line_of, outcome.orders)
    yield from _lines_of_accounts(outcome)
    if len(outcome.orders) != 1:
        yield _summary(outcome)


def _lines_of_dry_run(outcome: AnswerOutcome, now: datetime) -> Iterator[str]:
    for each in outcome.orders:
        yield from card_of(each.planned, now)
        yield ""
    to_send = sum(each.planned.request is not None for each in outcome.orders)
    yield f"A dry run: nothing was sent. Of {len(outcome.orders)} orders, {to_send} would be answered."


def _what_will_happen(order: FreshOrder, request: Request) -> str:
    count = "1 number" if order.number_count == 1 else f"{order.number_count} numbers"
    if request.target is Target.AUTHORIZED:
        carrier = label(order.carrier_name, LENGTH) or "the gaining carrier"
        day = f" on {order.requested_foc_on.isoformat()} or later" if order.requested_foc_on else ""
        return f"TO AUTHORIZE: {count} may leave for {carrier}{day}. This cannot be taken back."
    return (
        f"TO REJECT with code {request.rejection_code}, “{label(request.reason, LONGEST_TEXT)}”: {count} may stay. "
        "Telnyx reviews the reason; if it does not accept it, the order becomes pending again."
    )


def _result_of(answer: OrderAnswer, now: datetime) -> _OrderResult:
    order = answer.planned.order
    return _OrderResult(
        reference=answer.planned.reference,
        portout_id=order.portout_id if order else None,
        account=answer.planned.account,
        support_key=order.support_key if order else None,
        carrier_name=order.carrier_name if order else None,
        number_count=order.number_count if order else None,
        requested_foc_on=order.requested_foc_on if order else None,
        deadline_at=order.deadline_at if order else None,
        hours_left=order.hours_left(now) if order else None,
        status_before=order.status if order else None,
        status_after=answer.status_after,
        outcome=answer.outcome,
        message=answer.message,
        attempt_id=answer.attempt_id,
        exit_code=answer.exit_code,
    )


def _error_of(outcome: AnswerOutcome) -> str:
    """Return the message of a single order, or the number of orders that were not answered."""
    if len(outcome.orders) == 1:
        return outcome.orders[0].message or outcome.orders[0].outcome
    return _summary(outcome)


def _summary(outcome: AnswerOutcome) -> str:
    return f"{len(outcome.orders)} orders: {_counted(outcome.orders) or 'none was named'}."


def _lines_of_accounts(outcome: AnswerOutcome) -> Iterator[str]:
    """Yield the outcomes of each account, if there are several."""
    accounts = sorted({each.planned.account for each in outcome.orders if each.planned.account})
    for account in accounts if len(accounts) > 1 else ():
        yield f"{account}: {_counted([each for each in outcome.orders if each.planned.account == account])}."


def _counted(orders: Sequence[OrderAnswer]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(each.outcome for each in orders).items())


def _counts(outcome: AnswerOutcome) -> Counter[str]:
    return Counter(order.outcome for order in outcome.orders)


def _name(planned: Planned) -> str:
    order = planned.order
    if order is None:
        return plain(planned.reference)
    return " ".join(plain(part) for part in (order.support_key, order.portout_id) if part)


def _safe(text: str) -> str:
    """Remove invisible characters from each line of a message."""
    return "\n".join(map(plain, text.splitlines()))
