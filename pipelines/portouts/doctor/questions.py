"""Asks the API what a first sync must know: at most five GETs with two tries each, within a time limit.

If the first request gets no answer, the others are not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from portouts.load.connection import OpenClient
from portouts.load.settings.tables import SourceSettings
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.errors import KeyRejected, TelnyxError, TelnyxRefused
from portouts.telnyx.limits.deadlines import Deadline, Watch
from portouts.telnyx.page import Page
from portouts.telnyx.queries import Axis, NumberQuery, format_instant

# Seconds for all requests together.
PATIENCE = 20.0
TRIES = 2


@dataclass
class Replies:
    """What the API returned. A reply is a page with the count of its list, an error, or None if not requested."""

    host: str = ""
    orders: Page | TelnyxError | None = None
    ported: Page | TelnyxError | None = None
    events: Page | TelnyxError | None = None
    numbers: Page | TelnyxError | None = None
    page_seconds: float | None = None
    """Seconds for one page of orders of the size that a sync requests."""
    rate_limit: tuple[float, float] | None = None
    """The rate limit in the headers: requests, and the seconds in which they are allowed."""
    api_date: datetime | None = None
    ahead: timedelta = timedelta()
    """How far this machine's clock is ahead of the API's clock."""
    gave_up: str = ""
    """Why no answer came within the time; empty if all came."""


def ask(
    settings: SourceSettings,
    open_client: OpenClient = TelnyxClient,
    on_wait: Callable[[str], None] = lambda _reason: None,
    patience: float = PATIENCE,
) -> Replies:
    """Send the requests; a refusal counts as a reply."""
    deadline = Deadline(patience / 2, most_tries=TRIES, request_bound="this check")
    client = open_client(
        settings.api_key,
        settings.base_url,
        max_concurrency=settings.max_concurrency,
        deadline=deadline,
        watch=Watch(on_wait=on_wait),
    )
    replies = Replies(host=urlsplit(settings.base_url).netloc)
    converse(client, partial(_converse, client, settings, replies, patience))
    limit = client.rate_limit.limit
    replies.rate_limit = (limit.stated_limit, limit.window) if limit.stated_limit else None
    replies.api_date, replies.ahead = client.api_clock.date, client.api_clock.ahead
    return replies


async def _converse(client: TelnyxClient, settings: SourceSettings, replies: Replies, patience: float) -> None:
    asked = _Questions(client, settings, replies)
    try:
        async with asyncio.timeout(patience):
            await asked.orders()
            if isinstance(replies.orders, Page):
                await asyncio.gather(asked.ported(), asked.events(), asked.numbers(), asked.full_page())
            elif isinstance(replies.orders, TelnyxRefused) and not isinstance(replies.orders, KeyRejected):
                await asked.events()
    except TimeoutError:
        replies.gave_up = client.wait_reason()


class _Questions:
    """Sends the requests and stores each reply."""

    def __init__(self, client: TelnyxClient, settings: SourceSettings, replies: Replies) -> None:
        self._client, self._settings, self._replies = client, settings, replies

    async def orders(self) -> None:
        self._replies.orders = await self._first_page(Axis.INSERTED)

    async def ported(self) -> None:
        self._replies.ported = await self._first_page(Axis.INSERTED, status="ported")

    async def events(self) -> None:
        if self._settings.events:
            self._replies.events = await self._first_page(Axis.EVENTS)

    async def numbers(self) -> None:
        if self._settings.inventory:
            query = NumberQuery()
            self._replies.numbers = await self._page(query.path, query.params(1, 1))

    async def full_page(self) -> None:
        now = self._client.rate_limit.clock.now
        began_at = now()
        if isinstance(await self._first_page(Axis.INSERTED, size=self._settings.page_size), Page):
            self._replies.page_seconds = max(now() - began_at, 0.0)

    async def _first_page(self, axis: Axis, size: int = 1, status: str = "") -> Page | TelnyxError:
        params = {"page[number]": "1", "page[size]": str(size)}
        if status:
            params["filter[status]"] = status
        if start := self._settings.start:
            params[f"filter[{axis}][gte]"] = format_instant(start)
        return await self._page(axis.path, params)

    async def _page(self, path: str, params: Mapping[str, str]) -> Page | TelnyxError:
        try:
            return await self._client.fetch_list(path, params)
        except TelnyxError as error:
            return error
