"""Prints one order for `show`: its fields, its history, and the commands that answer it.

Names and texts come from other companies, so invisible characters are removed. A comment and its event contain the same
text, so the history shows only one of them; JSON has both.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from portouts.answers.order import FreshOrder, OrderComment, OrderEvent
from portouts.commands.terminal.output import print_result
from portouts.names import DEFAULT_ACCOUNT, LENGTH, label, plain

WIDTH = 79
MOST_NUMBERS = 8
LONGEST_TEXT = 2_000
NOTHING = "–"
HOURS_AS_DAYS = 72


class _Timing(msgspec.Struct):
    """The fields that depend on the current time, after those of the order."""

    now: datetime
    hours_left: float | None


def print_order(order: FreshOrder, now: datetime, *, as_json: bool) -> None:
    """Print all that is known about one order."""
    print_result("\n".join(_lines(order, now)), order, _Timing(now, order.hours_left(now)), as_json=as_json)


def card_lines(order: FreshOrder, now: datetime) -> Iterator[str]:
    """Yield the facts for a decision: carrier, numbers, dates, deadline, and what happens without an answer."""
    yield f"{_shown(order.support_key)}  {_shown(order.portout_id)}  {_shown(order.status)}"
    if order.account != DEFAULT_ACCOUNT:
        yield from _field("account", order.account)
    yield from _field("carrier", _shown(order.carrier_name))
    yield from _field("SPID", _shown(order.spid))
    yield from _field("PON", _shown(order.pon))
    yield from _field("numbers", _numbers(order))
    yield from _field("requested FOC", _day(order.requested_foc_on))
    yield from _field("FOC", _day(order.foc_on))
    yield from _field("received", _instant(order.inserted_at))
    if order.reason or order.rejection_code:
        code = f"{order.rejection_code} " if order.rejection_code else ""
        yield from _field("rejection", f"{code}{label(order.reason, LONGEST_TEXT)}".strip())
    if order.is_pending:
        yield from _deadline_lines(order, now)


def _deadline_lines(order: FreshOrder, now: datetime) -> Iterator[str]:
    left = order.hours_left(now)
    if left is None or order.deadline_at is None:
        yield from _field("deadline", "unknown, because the API does not say when the order was received")
        return
    yield from _field("pending since", _instant(order.pending_at))
    yield from _field("deadline", f"{_instant(order.deadline_at)}, {hours_text(left)}")
    if not order.is_deadline_exact:
        yield from _wrapped("Both may be later: no event says when the order became pending again.")
    if left < 0:
        yield from _wrapped("OVERDUE: without an answer, Telnyx may authorise it at any moment.")
    else:
        yield from _wrapped(f"Without an answer, Telnyx authorises it at about {_instant(order.deadline_at)}.")


def _lines(order: FreshOrder, now: datetime) -> Iterator[str]:
    yield from card_lines(order, now)
    yield "\nHistory"
    history = sorted(_history(order), key=lambda entry: (entry[0] is None, entry[0]))
    for at, text in history:
        yield from _wrapped(f"{_instant(at)}  {text}", indent="  ", hanging=24)
    if not history:
        yield f"  {NOTHING}"
    yield from _code_lines(order)
    yield from _answer_lines(order)
    for one in order.notes:
        yield from _wrapped(f"Note: {plain(one)}")


def _history(order: FreshOrder) -> Iterator[tuple[datetime | None, str]]:
    shown = {comment.comment_id for comment in order.comments}
    yield from (
        (event.created_at, _of_event(event)) for event in order.events if event.comment_id not in {*shown, None}
    )
    yield from ((event.created_at, _of_event(event)) for event in order.events if event.comment_id is None)
    yield from ((comment.created_at, _of_comment(comment)) for comment in order.comments)


def _of_event(event: OrderEvent) -> str:
    if event.status:
        reason = f": {label(event.rejection_reason, LONGEST_TEXT)}" if event.rejection_reason else ""
        return f"{_shown(event.status)}{reason}"
    if event.foc_on:
        return f"FOC is now {event.foc_on.isoformat()}"
    if event.comment_id:
        return f"comment: {label(event.comment, LONGEST_TEXT) if event.comment else NOTHING}"
    return _shown(event.event_type)


def _of_comment(comment: OrderComment) -> str:
    by = "comment" if comment.user_id else "comment by Telnyx"
    return f"{by}: {label(comment.body, LONGEST_TEXT) if comment.body else NOTHING}"


def _code_lines(order: FreshOrder) -> Iterator[str]:
    if order.rejection_codes is None or not order.is_pending:
        return
    yield "\nCodes with which it may be rejected"
    for code in order.rejection_codes:
        needs = " (needs a reason)" if code.reason_required else ""
        yield f"  {code.code}  {_shown(code.description)}{needs}"
    if not order.rejection_codes:
        yield f"  {NOTHING}"


def _answer_lines(order: FreshOrder) -> Iterator[str]:
    if not order.is_pending:
        yield f"\nIt is {_shown(order.status)}: only a pending order can be answered."
        return
    name = shlex.quote(plain(order.portout_id))
    codes = [code for code in order.rejection_codes or () if not code.reason_required] or order.rejection_codes or ()
    code = str(codes[0].code) if codes else "CODE"
    reason = ' --reason "…"' if not codes or codes[0].reason_required else ""
    yield "\nAnswer it with one of"
    yield f"  portouts authorize {name}"
    yield f"  portouts reject {name} --code {code}{reason}"


def _numbers(order: FreshOrder) -> str:
    if order.phone_numbers is None:
        return f"{order.number_count}" if not order.number_count else f"{order.number_count}, hidden by pii"
    shown = ", ".join(_shown(number) for number in order.phone_numbers[:MOST_NUMBERS])
    more = f", and {order.number_count - MOST_NUMBERS} more" if order.number_count > MOST_NUMBERS else ""
    return f"{order.number_count}: {shown}{more}"


def _field(name: str, value: str) -> Iterator[str]:
    yield from _wrapped(f"{name:<15}{value}", hanging=15)


def _wrapped(text: str, indent: str = "", hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=" " * hanging, break_on_hyphens=False
    ) or [text]


def _shown(text: str | None) -> str:
    return label(text, LENGTH) or NOTHING


def _day(day: date | None) -> str:
    return day.isoformat() if day else NOTHING


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else f"{NOTHING:<20}"


def hours_text(left: float) -> str:
    """Return the time until a deadline as text, such as "5.5 h left" or "overdue by 2.0 h"."""
    return f"overdue by {short_hours(-left)}" if left < 0 else f"{short_hours(left)} left"


def short_hours(hours: float) -> str:
    """Write hours with one decimal; less than one hour as minutes, and three days and more as days."""
    if abs(hours) >= HOURS_AS_DAYS:
        return f"{hours / 24:.0f} days"
    return f"{hours * 60:.0f} min" if abs(hours) < 1 else f"{hours:.1f} h"
