"""The steps of `show`: read one order from the API, with the settings of the published file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from portouts.answers.held import read_held
from portouts.answers.order import FreshOrder
from portouts.answers.reading import OrderReader
from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.load.connection import Connection, OpenClient
from portouts.load.settings.accounts import named_key
from portouts.load.settings.settings import Settings
from portouts.telnyx.client import TelnyxClient, converse


def read_fresh(
    database: Path,
    given: Settings,
    reference: str,
    callbacks: Callbacks = NO_CALLBACKS,
    open_client: OpenClient = TelnyxClient,
) -> FreshOrder:
    """Read one order by its id or support key. Changes nothing, here or at Telnyx."""
    held = read_held(database, given, reference)
    client = Connection(held.settings.source, callbacks, open_client).open()
    window = timedelta(hours=held.settings.models.response_window_hours)
    reader = OrderReader(client, window, held.settings.source.privacy, held.pending_since.get, held.account)
    with named_key(held.account, given.found):
        return converse(client, lambda: reader.read(reference))
