"""How much of a rate limit a client used, computed from the requests that the server saw.

Only whole seconds count, because the second of the last request is not over. A pause is a wait that the limit does not
require, for example while rows are loaded and nothing is left to be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from account import Request
from results import LimitUse

PAUSE_SECONDS = 0.25  # a shorter wait is never a pause
WINDOW_SECONDS = 1.25  # a client that sent fewer requests than the limit in this time may send another at once
TOO_MANY = 429


def limit_use(requests: Sequence[Request], limit: int) -> LimitUse | None:
    """Compare the accepted requests with `limit` requests per second; None if they span less than a whole second."""
    requests = sorted(requests)
    accepted = [request.at for request in requests if request.status != TOO_MANY]
    share, share_reading = _share([accepted], limit), _share([*_split_at_pauses(accepted, limit)], limit)
    if share is None or share_reading is None:
        return None
    late = sum(request.status == TOO_MANY and request.at > requests[0].at + 1 for request in requests)
    return LimitUse(share, share_reading, late)


def _share(periods: Sequence[Sequence[float]], limit: int) -> float | None:
    """Return the requests in the whole seconds of all periods, as a share of the most that `limit` allows."""
    sent = seconds = 0
    for period in filter(None, periods):
        whole = math.floor(period[-1] - period[0])
        sent += sum(at < period[0] + whole for at in period)
        seconds += whole
    return sent / (seconds * limit) if seconds else None


def _split_at_pauses(times: Sequence[float], limit: int) -> Iterator[Sequence[float]]:
    begin = 0
    for here in range(1, len(times)):
        is_allowed = here < limit or times[here] - times[here - limit] > WINDOW_SECONDS
        if is_allowed and times[here] - times[here - 1] > PAUSE_SECONDS:
            yield times[begin:here]
            begin = here
    yield times[begin:]
