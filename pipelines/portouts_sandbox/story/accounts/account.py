"""What differs between simulated accounts: how requests end, which carriers grow, and which orders are given.

The surprise: Telnyx's texts disagree on when silence authorises an order. The default account follows all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from portouts_sandbox.story.carriers import Carrier, draw_carrier
from portouts_sandbox.story.rng import draw_hours, weighted_choice

DAY = timedelta(days=1)

draw_any_answer = weighted_choice(
    {"authorized": 46, "silence": 37, "rejected-pending": 12, "canceled": 4.4, "never": 0.6}
)
_draw_kind_of_silence = weighted_choice({"a day": 15, "two days": 45, "longer": 40})
_SMALL = {1: 82, 2: 7, 3: 3.5, 4: 2.5, 5: 1.8, 6: 1, 7: 0.6, 8: 0.6, 9: 0.4, 10: 0.5}
draw_any_count = weighted_choice({**_SMALL, 50: 0.05, 200: 0.05})
draw_small_count = weighted_choice(_SMALL)


def draw_any_silence(rng: Random) -> timedelta:
    """Draw how long silence lasts until it authorises an order, by any of Telnyx's texts."""
    kind = _draw_kind_of_silence(rng)
    return DAY if kind == "a day" else 2 * DAY if kind == "two days" else draw_hours(rng, 24, 60)


class Rise(NamedTuple):
    """A carrier that asks for more and more: from none to a `share` of an account's North American requests."""

    carrier: Carrier
    begins_at: datetime
    peaks_at: datetime
    share: float

    def share_at(self, at: datetime) -> float:
        """Return the share at an instant."""
        return self.share * min(max((at - self.begins_at) / (self.peaks_at - self.begins_at), 0.0), 1.0)


class Moment(NamedTuple):
    """What happens to a given order so many hours after its insertion: a status, or a comment."""

    hours: float
    status: str = ""
    comment: str | None = None


class GivenOrder(NamedTuple):
    """An order that no seed draws: its instant, its fields, what happens to it, and whose numbers it asks for."""

    inserted_at: datetime
    fields: dict[str, Any]
    moments: tuple[Moment, ...]
    customer: str | None = None


@dataclass(frozen=True)
class Account:
    """How requests are answered and who asks. By default everything occurs that a client must stand."""

    draw_answer: Callable[[Random], str] = draw_any_answer
    draw_silence: Callable[[Random], timedelta] = draw_any_silence
    draw_count: Callable[[Random], int] = draw_any_count
    pin_share: float = 0.05
    """Share of the changes of an order whose events show a PIN that was tried."""
    stuck_share: float = 0.01
    """Share of the ported orders whose numbers never leave the inventory."""
    rises: tuple[Rise, ...] = ()
    given: tuple[GivenOrder, ...] = ()

    def draw_carrier(self, rng: Random, at: datetime, *, is_north_american: bool) -> Carrier:
        """Return the carrier that gains the numbers of an order inserted at an instant."""
        for rise in self.rises if is_north_american else ():
            if rng.random() < rise.share_at(at):
                return rise.carrier
        return draw_carrier(rng, is_north_american)
