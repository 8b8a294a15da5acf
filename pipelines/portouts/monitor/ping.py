"""One GET that tells a dead-man monitor how a run ended: its address after a success, `/fail` below it after a failure.

The address is a secret, so nothing but its host is ever shown. A redirect is not followed: it would hand the secret to
whoever it names.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import httpx

from portouts.telnyx.errors import describe
from portouts.telnyx.network import is_loopback

TRIES = 3
# Seconds for one try, for all of them, and between two. Whoever calls has ten seconds for everything.
ONE_TRY, ALL_TRIES, PAUSE = 4.0, 9.0, 0.5
AGENT = "portouts"


def ping(url: str, *, is_success: bool, pause: Callable[[float], None] = sleep) -> str | None:
    """Tell the monitor; return why it could not be told, or None."""
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
    """Send one request; return what went wrong, and whether another try would end alike."""
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
