"""What a client uses unless it is given something else, in a module of its own: settings are checked without httpx."""

from __future__ import annotations

BASE_URL = "https://api.telnyx.com/v2"
CONCURRENCY = 12
REQUEST_SECONDS = 300
