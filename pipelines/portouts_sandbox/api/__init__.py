"""The HTTP API of a world: Telnyx's port-out routes, with its filters, errors and rate limit."""
