"""Estimates the requests, minutes and bytes of a first load from the counts of the API.

The rates come from the measurements in docs/benchmarks.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from portouts.doctor.questions import Replies
from portouts.load.settings.tables import SourceSettings
from portouts.telnyx.page import Page
from portouts.telnyx.queries import page_count

# Requests of a first load besides its lists: open orders by status, and the counts that prove the result.
OTHER_REQUESTS = 6
# Requests per second that a load itself keeps up with: 55 to 90 on two cores.
OWN_PACE = 60.0
# Bytes of an order in a file, with few and with many events; and the bytes of an empty warehouse.
BYTES_PER_ORDER = (600, 1200)
BYTES_AT_LEAST = 4_000_000


class Pace(NamedTuple):
    """Requests per second, and what limits them."""

    per_second: float
    bound: str


@dataclass(frozen=True)
class FirstLoad:
    """What a first load takes."""

    orders: int
    pages: dict[str, int]
    """What is read → requests."""
    pace: Pace

    @property
    def requests(self) -> int:
        return sum(self.pages.values())

    @property
    def minutes(self) -> float:
        return self.requests / self.pace.per_second / 60

    @property
    def file_bytes(self) -> tuple[int, int]:
        """The least and the most that one file of the warehouse may take."""
        least, most = (BYTES_AT_LEAST + self.orders * size for size in BYTES_PER_ORDER)
        return least, most


def estimate(replies: Replies, settings: SourceSettings) -> FirstLoad | None:
    """Estimate a first load; None if the API has not counted the orders."""
    orders = count_of(replies.orders)
    if orders is None:
        return None
    lists = {"orders": orders, "events": count_of(replies.events), "ported orders": count_of(replies.ported)}
    pages = {name: page_count(count, settings.page_size) for name, count in lists.items() if count is not None}
    return FirstLoad(orders, {**pages, "others": OTHER_REQUESTS}, _pace(replies, settings.max_concurrency))


def count_of(reply: object) -> int | None:
    """Return the count of a list; None if the API did not return one."""
    return reply.total if isinstance(reply, Page) else None


def _pace(replies: Replies, concurrency: int) -> Pace:
    paces = [Pace(OWN_PACE, "which is what a load itself keeps up with")]
    if replies.rate_limit:
        requests, seconds = replies.rate_limit
        paces.append(Pace(requests / max(seconds, 1.0), "which is the API's rate limit"))
    if replies.page_seconds:
        took = f"a page took {replies.page_seconds:.2g} s"
        paces.append(Pace(concurrency / replies.page_seconds, f"as {took} and {concurrency} are fetched at once"))
    return min(paces)
