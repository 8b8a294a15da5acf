"""A simulated Telnyx port-out API, whose orders change while a client reads them.

    world = World(orders=500)
    with running(create_app(world)) as base_url:
        ...  # read, world.advance(timedelta(days=30)), read again

It knows nothing of `portouts`, which reads it over HTTP only. Imports go one way:

    api    the HTTP API
    world  the orders and events at an instant, and the hooks of tests
    store  the rows that are visible now
    story  what happens to orders, and when
"""

from __future__ import annotations

from .api.accounts import SeveralAccounts
from .api.app import create_app
from .api.server import listen, running, serve
from .story.accounts.showcase import living_account, showcase
from .world import AnswerRefused, Transition, World

__all__ = [
    "AnswerRefused",
    "SeveralAccounts",
    "Transition",
    "World",
    "create_app",
    "listen",
    "living_account",
    "running",
    "serve",
    "showcase",
]
