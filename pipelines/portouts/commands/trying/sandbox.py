"""`portouts sandbox`: serve the simulated API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from portouts.commands.options import AccountCount, FirstOrders, Latency, Port, RateLimit, Seed, StandingClock
from portouts.commands.terminal.environment import machine_time
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.installation import called_command
from portouts.errors import PortoutsError
from portouts.extras import require_packages
from portouts.load.settings.files import parse_instant
from portouts.logs import log

if TYPE_CHECKING:
    import socket

API_KEY = "KEY_SANDBOX_NOT_A_SECRET"
HISTORY = timedelta(days=516)
GREETING = """\
Serving {orders} orders as of {as_of}. In another terminal:
  export TELNYX_BASE_URL=http://127.0.0.1:{port}/v2 TELNYX_API_KEY={key}
  {command} sync
Move its clock: curl -X POST http://127.0.0.1:{port}/sandbox/clock -d '{{"days": 30}}'"""


@with_exit_status(stopped="Nothing was served yet.")
def sandbox(
    port: Port = 8000,
    orders: FirstOrders = 2_000,
    seed: Seed = 7,
    latency_ms: Latency = 0,
    rate_limit: RateLimit = None,
    now: StandingClock = None,
    accounts: AccountCount = 1,
) -> None:
    """Serve the simulated Telnyx API on loopback until interrupted."""
    require_packages("starlette", "uvicorn", extra="sandbox")
    instant = parse_instant("--now", now)
    from portouts_sandbox import SeveralAccounts, World, create_app, living_account, serve

    listener = _listener(port)
    begins = instant or machine_time()
    clock = None if instant else machine_time
    worlds = {}
    for number, key in enumerate(_keys(accounts)):
        is_empty = 0 < number == accounts - 1
        living = None if number else living_account(begins)
        worlds[key] = World(
            0 if is_empty else orders, seed + number, starts_at=begins - HISTORY, now=begins, account=living
        )
    apps = {
        key: create_app(world, api_key=key, latency=latency_ms / 1000, rate_limit=rate_limit, clock=clock)
        for key, world in worlds.items()
    }
    world = worlds[API_KEY]
    application = SeveralAccounts(apps) if accounts > 1 else apps[API_KEY]
    with suppress(KeyboardInterrupt):  # which may come before the server takes signals
        port, as_of = listener.getsockname()[1], world.now.isoformat()
        log("serving", GREETING.format(orders=orders, as_of=as_of, port=port, key=API_KEY, command=called_command()))
        if accounts > 1:
            log("serving.accounts", _tables(_keys(accounts)))
        serve(application, listener)


def _keys(accounts: int) -> list[str]:
    return [API_KEY, *(f"{API_KEY}_{number}" for number in range(2, accounts + 1))]


def _tables(keys: Sequence[str]) -> str:
    """Return the settings of all accounts; any other key is refused, as a revoked one is."""
    tables = [f'[sources.telnyx.accounts.account{number}]\napi_key = "{key}"' for number, key in enumerate(keys, 1)]
    return "\n".join(["Instead of TELNYX_API_KEY, .dlt/secrets.toml may have:", *tables])


def _listener(port: int) -> socket.socket:
    from portouts_sandbox import listen

    try:
        return listen(port)
    except OSError as error:
        raise PortoutsError(
            f"Port {port} cannot be listened on: {os.strerror(error.errno or 0).lower()}. Give --port another number, "
            "or 0 for any that is free."
        ) from None
