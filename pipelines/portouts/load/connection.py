"""How one command reaches the API: all clients that it opens share the rate limit, the deadline and the watch."""

from __future__ import annotations

from collections.abc import Callable

from portouts.extract.options import NO_CALLBACKS, Callbacks
from portouts.load.settings.tables import SourceSettings
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.limits.deadlines import Deadline, Watch
from portouts.telnyx.limits.rate_limit import RateLimit

OpenClient = Callable[..., TelnyxClient]
"""Makes a client, from the same arguments as `TelnyxClient`."""


class Connection:
    """Open clients with the settings of one command."""

    def __init__(
        self, settings: SourceSettings, callbacks: Callbacks = NO_CALLBACKS, open_client: OpenClient = TelnyxClient
    ) -> None:
        self.callbacks, self.measures = callbacks.measured()
        self._settings = settings
        self._open_client = open_client
        self._rate_limit: RateLimit | None = None
        self._deadline = Deadline(settings.request_deadline_seconds, settings.sync_deadline_minutes * 60 or None)
        self._watch = Watch(callbacks.is_stopping, callbacks.on_wait, traffic=self.measures.traffic)

    def open(self) -> TelnyxClient:
        """Make a client, which connects when it is entered."""
        settings = self._settings
        client = self._open_client(
            settings.api_key,
            settings.base_url,
            max_concurrency=settings.max_concurrency,
            deadline=self._deadline,
            rate_limit=self._rate_limit,
            watch=self._watch,
        )
        self._rate_limit = client.rate_limit
        return client
