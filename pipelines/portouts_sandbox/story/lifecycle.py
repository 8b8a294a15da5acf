"""What happens to an order: a list of steps, planned when it is inserted and planned again when it is answered.

Orders move as Telnyx documents it: pending → authorized (by the customer, or because nobody answers) → ported;
rejected-pending → rejected, or pending again; rejected at intake; canceled at any time before the end.
The surprise: `rejected` is not always the end, because a few orders are reopened months later. `ported` is final.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from .accounts.account import DAY, Account, Moment
from .carriers import Carrier
from .order_fields import draw_comment, draw_pin, draw_rejection
from .rng import draw_hours, draw_uuid, weighted_choice
from .timestamps import read_instant, writer_like

NO_TIME = timedelta(0)

_draw_intake = weighted_choice({"accepted": 96.5, "rejected at once": 2, "rejected after a moment": 1.5})
_draw_review = weighted_choice({"rejected": 60, "pending": 32, "canceled": 8})
_draw_completion = weighted_choice({"ported": 85, "postponed": 7, "canceled": 4, "delayed for months": 4})
_draw_days_after_foc = weighted_choice({0: 70, 1: 12, 2: 6, 3: 4, 4: 2, 5: 1.5, 6: 1.5, 7: 1, 8: 0.7, 9: 0.6, 10: 0.7})
REOPENED_SHARE = 0.04
COMMENTED_SHARE = 0.1
RENAMED_SHARE = 0.04


class PlannedEvent(NamedTuple):
    """How the API shows the event of a step: `delay` after the step, and late in becoming visible and complete."""

    id: str
    delay: timedelta = NO_TIME
    hidden_for: timedelta = NO_TIME
    without_payload_for: timedelta = NO_TIME
    attempted_pin: str = ""


class Step(NamedTuple):
    """A moment in the life of an order: fields that change or a comment, with or without an event."""

    at: datetime
    changes: Mapping[str, Any] = MappingProxyType({})
    event: PlannedEvent | None = None
    comment: str | None = None

    @property
    def event_type(self) -> str:
        """Return the type of the event for this step."""
        if self.comment is not None:
            return "portout.new_comment"
        return "portout.status_changed" if "status" in self.changes else "portout.foc_date_changed"


def draw_event(rng: Random, attempted_pin: str = "") -> PlannedEvent:
    """Plan the event of one step: nearly always within a second, complete, and visible at once."""
    return PlannedEvent(
        id=draw_uuid(rng),
        delay=timedelta(microseconds=0 if rng.random() < 0.1 else int(rng.random() * 1_200_000)),
        hidden_for=draw_hidden_for(rng),
        without_payload_for=timedelta(minutes=rng.uniform(1, 12)) if rng.random() < 0.005 else NO_TIME,
        attempted_pin=attempted_pin,
    )


def draw_hidden_for(rng: Random) -> timedelta:
    """Return how long a row stays invisible after its own timestamp: one row in a hundred is committed late."""
    return timedelta(seconds=rng.uniform(1, 1200)) if rng.random() < 0.01 else NO_TIME


class LifecyclePlan:
    """Plans the steps of one order; `fields` are those with which it was inserted."""

    def __init__(self, rng: Random, fields: Mapping[str, Any], account: Account, *, has_events: bool) -> None:
        self._rng, self._fields, self._account, self._has_events = rng, fields, account, has_events
        self._write = writer_like(fields["inserted_at"])

    def steps_from_intake(self, at: datetime, is_north_american: bool) -> Iterator[Step]:
        """Yield all steps of an order that is inserted at `at`; only North American orders need a PIN."""
        intake = _draw_intake(self._rng) if is_north_american else "accepted"
        if intake == "rejected at once":
            yield self._reject_at_intake(at)
            return
        yield self._take_status("pending", at)
        if intake == "rejected after a moment":
            yield self._reject_at_intake(at + timedelta(milliseconds=self._rng.randrange(1_300, 90_000)))
            return
        if self._rng.random() < 0.8:  # in the documented samples, a pending order is updated 17 s after its insertion
            yield Step(at + timedelta(milliseconds=self._rng.randrange(5_000, 40_000)))
        yield from self._from_pending(at)

    def given_steps(self, at: datetime, moments: Iterable[Moment]) -> Iterator[Step]:
        """Yield the steps of an order whose moments are given."""
        for moment in moments:
            then = at + timedelta(hours=moment.hours)
            if moment.comment is not None:
                yield Step(then, event=self._event(), comment=moment.comment)
            elif moment.status == "ported":
                yield self._port(then)
            elif moment.status == "authorized":
                yield self._step(then, self.authorization_fields(then))
            else:
                yield self._take_status(moment.status, then)

    def renaming_steps(self, at: datetime, carrier: Carrier) -> Iterator[Step]:
        """Yield, for a few orders, a step that spells the carrier's name in another way."""
        others = [name for name in carrier.spellings if name != self._fields["carrier_name"]]
        if others and self._rng.random() < RENAMED_SHARE:
            yield Step(at + draw_hours(self._rng, 1, 30 * 24), {"carrier_name": self._rng.choice(others)})

    def steps_after_answer(self, status: str, at: datetime) -> Iterator[Step]:
        """Yield the steps that follow the customer's answer at `at`, without the answer itself."""
        if status == "authorized":
            yield from self._from_authorized(at, read_instant(self._fields["foc_date"]))
        else:
            yield from self._from_review(at)

    def authorization_fields(self, at: datetime) -> dict[str, Any]:
        """Return the fields that an authorization sets; the FOC date is the one requested, tomorrow at the earliest."""
        tomorrow, requested = _midnight(at) + DAY, self._fields["requested_foc_date"]
        foc_at = max(tomorrow, read_instant(requested)) if requested else tomorrow
        return {"status": "authorized", "reason": None, "foc_date": self._write(foc_at), **self._code_field(None)}

    def rejection_fields(self, status: str, code: int | None, reason: str | None) -> dict[str, Any]:
        """Return the fields that a rejection sets."""
        return {"status": status, "reason": reason, **self._code_field(code)}

    def _from_pending(self, at: datetime) -> Iterator[Step]:
        answer = self._account.draw_answer(self._rng)
        if answer == "never":
            return
        answered_at = at + self._answer_time(answer)
        if answer == "canceled":
            yield self._take_status("canceled", answered_at)
        elif answer == "rejected-pending":
            code, reason = draw_rejection(self._rng)
            yield self._step(answered_at, self.rejection_fields("rejected-pending", code, reason))
            yield from self._from_review(answered_at)
        else:
            authorization = self.authorization_fields(answered_at)
            yield self._step(answered_at, authorization)
            yield from self._from_authorized(answered_at, read_instant(authorization["foc_date"]))

    def _from_review(self, at: datetime) -> Iterator[Step]:
        if self._rng.random() < COMMENTED_SHARE:
            comment_at = at + draw_hours(self._rng, 0.05, 0.95)
            yield Step(comment_at, event=self._event(), comment=draw_comment(self._rng))
        decision, decided_at = _draw_review(self._rng), at + draw_hours(self._rng, 1, 72)
        if decision == "pending":
            yield from self._reopen(decided_at)
            return
        yield self._take_status(decision, decided_at)
        if decision == "rejected" and self._rng.random() < REOPENED_SHARE:
            yield from self._reopen(decided_at + draw_hours(self._rng, 30 * 24, 200 * 24))

    def _reopen(self, at: datetime) -> Iterator[Step]:
        yield self._step(at, self.rejection_fields("pending", None, None))
        yield from self._from_pending(at)

    def _from_authorized(self, at: datetime, foc_at: datetime) -> Iterator[Step]:
        completion = _draw_completion(self._rng)
        if completion == "postponed":
            moved_at = at + (foc_at - at) * self._rng.uniform(0.1, 0.9)
            foc_at += DAY * self._rng.randint(1, 12)
            yield self._step(_whole_milliseconds(moved_at), {"foc_date": self._write(foc_at)})
        if completion == "canceled":
            yield self._take_status("canceled", at + draw_hours(self._rng, 1, 240))
        elif completion == "delayed for months":
            is_ported = self._rng.random() < 0.75
            ends_at = foc_at + draw_hours(self._rng, 60 * 24, 250 * 24)
            yield self._port(ends_at) if is_ported else self._take_status("canceled", ends_at)
        else:
            yield self._port(foc_at + DAY * _draw_days_after_foc(self._rng) + draw_hours(self._rng, 12, 23.9))

    def _port(self, at: datetime) -> Step:
        return self._step(at, {"status": "ported", "already_ported": True})

    def _reject_at_intake(self, at: datetime) -> Step:
        rejection = self.rejection_fields("rejected", 1002, "Invalid PIN")
        return Step(at, rejection, self._event(draw_pin(self._rng)))

    def _take_status(self, status: str, at: datetime) -> Step:
        return self._step(at, {"status": status})

    def _step(self, at: datetime, changes: Mapping[str, Any]) -> Step:
        pin = draw_pin(self._rng) if self._rng.random() < self._account.pin_share else ""
        return Step(at, changes, self._event(pin))

    def _event(self, attempted_pin: str = "") -> PlannedEvent | None:
        return draw_event(self._rng, attempted_pin) if self._has_events else None

    def _answer_time(self, answer: str) -> timedelta:
        """Draw how long an order stays pending: a skewed number of hours if somebody answers, else a deadline."""
        if answer == "silence":
            return self._account.draw_silence(self._rng)
        median = {"authorized": 4.0, "rejected-pending": 6.0, "canceled": 9.0}[answer]
        hours = median * self._rng.lognormvariate(0, 1.1)
        return timedelta(milliseconds=int(min(max(hours, 0.03), 47.5) * 3_600_000))

    def _code_field(self, code: int | None) -> dict[str, int | None]:
        return {"rejection_code": code} if "rejection_code" in self._fields else {}


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
