"""What happens between two syncs: changes that only some mechanism of a sync or of a repair can find."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from portouts_sandbox import World

from simulation.faulty_api import commit_late

MOST_CHANGES = 4
SPELLINGS = ("Latecomer", "LATECOMER, INC.", "Renamed 1", "Renamed 1 LLC", None)


def happen(rng: Random, world: World, latest: timedelta) -> None:
    """Let orders appear late, change, and vanish; `latest` is how late an order or an event may be committed."""
    commit_late(rng, world, latest)
    for _ in range(rng.randrange(MOST_CHANGES)):
        if world.store.orders:
            rng.choice((_change_late, _reopen, _change_unseen, _respell, _lose_numbers, _remove))(rng, world, latest)


def _any_order(rng: Random, world: World) -> str:
    return rng.choice(world.store.orders).id


def _change_late(rng: Random, world: World, latest: timedelta) -> None:
    """Commit a change, and its event, after its own timestamp."""
    order = rng.choice(world.store.orders)
    at = max(world.now - latest * rng.random(), datetime.fromisoformat(order.fields()["updated_at"]))
    world.change(order.id, min(at, world.now), status=rng.choice(("pending", "authorized", "ported", "on-hold")))


def _reopen(rng: Random, world: World, _latest: timedelta) -> None:
    rejected = [order.id for order in world.store.orders if order.status.startswith("rejected")]
    world.change(rng.choice(rejected) if rejected else _any_order(rng, world), status="pending")


def _change_unseen(rng: Random, world: World, _latest: timedelta) -> None:
    """Change a status without an event: counts find it, or a verification."""
    world.change(_any_order(rng, world), event=False, status=rng.choice(("pending", "ported", "rejected", "canceled")))


def _respell(rng: Random, world: World, _latest: timedelta) -> None:
    """Give the carrier another name or SPID, which may give older orders another carrier."""
    world.change(
        _any_order(rng, world),
        carrier_name=rng.choice(SPELLINGS),
        spid=rng.choice((None, "111A", "222B")),
        status=rng.choice(("pending", "authorized")),
    )


def _lose_numbers(rng: Random, world: World, _latest: timedelta) -> None:
    order = rng.choice(world.store.orders)
    world.change(order.id, phone_numbers=order.fields()["phone_numbers"][:-1], status="pending")


def _remove(rng: Random, world: World, _latest: timedelta) -> None:
    world.remove(_any_order(rng, world))
