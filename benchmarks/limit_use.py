"""How a rate limit was used, from the requests as the server saw them.

Only whole seconds of uninterrupted reading count: a pause, in which rows are loaded, asks for nothing; the second in
which the last request falls is not over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from account import Request
from results import LimitUse

PAUSE_SECONDS = 1.25  # longer than any wait for a limit per second
TOO_MANY = 429


def limit_use(requests: Sequence[Request], limit: int) -> LimitUse | None:
    """Compare answered requests with so many per second; None where no whole second was read."""
    requests = sorted(requests)
    answered = seconds = 0
    for stretch in _stretches([request for request in requests if request.status != TOO_MANY]):
        whole = math.floor(stretch[-1] - stretch[0])
        answered += sum(at < stretch[0] + whole for at in stretch)
        seconds += whole
    if not seconds:
        return None
    late = sum(request.status == TOO_MANY and request.at > requests[0].at + 1 for request in requests)
    return LimitUse(answered / (seconds * limit), late)


def _stretches(requests: Sequence[Request]) -> Iterator[list[float]]:
    stretch: list[float] = []
    for request in requests:
        if stretch and request.at - stretch[-1] > PAUSE_SECONDS:
            yield stretch
            stretch = []
        stretch.append(request.at)
    if stretch:
        yield stretch
