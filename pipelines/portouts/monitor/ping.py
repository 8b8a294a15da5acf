"""Reports to a dead-man monitor how a run ended: one GET to its address after a success, to `/fail` below it otherwise.

The address is a secret, so only its host is ever shown. A redirect is not followed, because it would send the secret to
another server.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import httpx

from portouts.telnyx.errors import describe
from portouts.telnyx.network import is_loopback

TRIES = 3
# Seconds for one try, for all tries, and between two. The caller has ten seconds in total.
ONE_TRY, ALL_TRIES, PAUSE = 4.0, 9.0, 0.5
AGENT = "portouts"


def ping(url: str, *, is_success: bool, pause: Callable[[float], None] = sleep) -> str | None:
    """Ping the monitor; return why that failed, or None."""
    address = httpx.URL(url)
    if not is_success:
        address = address.copy_with(path=f"{address.path.rstrip('/')}/fail")
    until, problem = monotonic() + ALL_TRIES, ""
    with httpx.Client(headers={"User-Agent": AGENT}, trust_env=not is_loopback(url)) as client:
        for number in range(TRIES):
            if number:
                pause(PAUSE)
            if (left := until - monotonic()) <= 0:
                break
            problem, is_final = _try(client, address, min(ONE_TRY, left))
            if is_final:
                break
    return f"{address.host} {problem}" if problem else None


def _try(client: httpx.Client, address: httpx.URL, seconds: float) -> tuple[str, bool]:
    """Send one request; return what went wrong, and whether another try is useless."""
    try:
        with client.stream("GET", address, timeout=seconds) as response:  # what it says does not matter
            status = response.status_code
    except httpx.HTTPError as error:
        return f"gave no answer ({describe(error)}).", False
    if response.is_success:
        return "", True
    if response.is_redirect:
        return f"answered HTTP {status}, which is not followed: set ping_url to where it leads.", True
    return f"answered HTTP {status}.", status < 500 and status != 429
