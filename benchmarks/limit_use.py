"""How a rate limit was used, from the requests as the server saw them.

Only whole seconds count: the second in which the last request falls is not over. A pause is a wait that the limit does
not ask for, as when rows are loaded and nothing is left to be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from account import Request
from results import LimitUse

WAIT_SECONDS = 0.25  # shorter waits are never pauses
WINDOW_SECONDS = 1.25  # who has sent fewer requests than the limit in so long may send another at once
TOO_MANY = 429


def limit_use(requests: Sequence[Request], limit: int) -> LimitUse | None:
    """Compare answered requests with so many per second; None where no whole second was read."""
    requests = sorted(requests)
    answered = [request.at for request in requests if request.status != TOO_MANY]
    share, share_reading = _share([answered], limit), _share([*_without_pauses(answered, limit)], limit)
    if share is None or share_reading is None:
        return None
    late = sum(request.status == TOO_MANY and request.at > requests[0].at + 1 for request in requests)
    return LimitUse(share, share_reading, late)


def _share(stretches: Sequence[Sequence[float]], limit: int) -> float | None:
    sent = seconds = 0
    for stretch in filter(None, stretches):
        whole = math.floor(stretch[-1] - stretch[0])
        sent += sum(at < stretch[0] + whole for at in stretch)
        seconds += whole
    return sent / (seconds * limit) if seconds else None


def _without_pauses(times: Sequence[float], limit: int) -> Iterator[Sequence[float]]:
    begin = 0
    for here in range(1, len(times)):
        is_free = here < limit or times[here] - times[here - limit] > WINDOW_SECONDS
        if is_free and times[here] - times[here - 1] > WAIT_SECONDS:
            yield times[begin:here]
            begin = here
    yield times[begin:]
