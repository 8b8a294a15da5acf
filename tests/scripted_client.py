"""Ask a client whose API answers by a script, and see what it returns or raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from fake_transport import Answer, FakeClock, Script, envelope, open_client
from portouts.telnyx.limits.deadlines import Watch
from portouts.telnyx.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

BODY = envelope([{"id": "order-1"}], 1)
PAGE = Page([{"id": "order-1"}], 1, 250)


def good() -> httpx.Response:
    return httpx.Response(200, json=BODY)


async def ask(answers: Iterable[Answer], clock: FakeClock | None = None) -> tuple[Script, Page]:
    """Fetch one page, and return the script with it."""
    clock = clock or FakeClock()
    script = Script(answers, clock)
    async with open_client(script, clock, watch=Watch(clock=clock, has_answered=True)) as client:
        return script, await client.fetch_list("/portouts", {"page[number]": "1"})


async def failing(
    answers: Iterable[Answer],
    kind: type[Exception],
    clock: FakeClock | None = None,
    *,
    has_answered: bool = True,
) -> tuple[Script, str]:
    """Ask, and return the script with the message of the exception, which must be of exactly this kind."""
    clock = clock or FakeClock()
    script = Script(answers, clock)
    async with open_client(script, clock, watch=Watch(clock=clock, has_answered=has_answered)) as client:
        with pytest.raises(kind) as raised:
            await client.fetch_list("/portouts", {})
        assert client.requests == len(script.requests)
    assert type(raised.value) is kind
    return script, str(raised.value)


def caused_by(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = cause
    return error
