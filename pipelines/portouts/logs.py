"""Logs events with a name and fields. Nothing is shown unless the command line configures the log."""

from __future__ import annotations

import logging
from logging import DEBUG, ERROR, INFO, WARNING

LOGGER = logging.getLogger("portouts")
LOGGER.addHandler(logging.NullHandler())

__all__ = ["DEBUG", "ERROR", "INFO", "LOGGER", "WARNING", "log"]


def log(event: str, text: str = "", *, level: int = INFO, **fields: object) -> None:
    """Log an event. The text is for people, the fields are for programs.

    Neither may contain a key, a PIN or personal data.
    """
    LOGGER.log(level, "%s", text, extra={"event": event, "fields": fields})
