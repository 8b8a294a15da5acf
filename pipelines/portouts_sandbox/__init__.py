"""A simulated Telnyx port-out API whose world changes while it is read.

    world = World(orders=500)
    with running(create_app(world)) as base_url:
        ...  # read, world.advance(timedelta(days=30)), read again

It knows nothing of the rest of this package, and the rest needs nothing but its HTTP.
"""

from __future__ import annotations

from .api.app import create_app
from .api.server import listen, running, serve
from .world import AnswerRefused, Transition, World

__all__ = ["AnswerRefused", "Transition", "World", "create_app", "listen", "running", "serve"]
