"""Sends messages through Apprise, in a separate process. `receivers.py` starts it, and ends it if it takes too long.

It reads one JSON object from standard input: `seconds`, and `messages`, each with `url`, `title`, `body` and optionally
`file`. It writes one line of JSON per step: `{"place": 0, "receiver": "json://host"}` once the URL is understood, and
`{"place": 0, "is_delivered": true, "problem": null}` at the end. URLs hold passwords, so no line shows a URL, and
Apprise's log is discarded. This module imports nothing of portouts, so that it starts fast from any folder.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import apprise
from apprise.attachment.file import AttachFile

TRIES = 3
PAUSE = 0.25  # seconds, doubled before each further try
_STATUS = re.compile(r"\berror=(\d{3})\b")
_writing = threading.Lock()


def main() -> None:
    """Send all messages in parallel, and end when the time is over."""
    task = json.load(sys.stdin)
    until = time.monotonic() + task["seconds"]
    logging.getLogger(apprise.LOGGER_NAME).propagate = False
    threads = [
        threading.Thread(target=_send, args=(place, message, until), daemon=True)
        for place, message in enumerate(task["messages"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    with _writing:
        os._exit(0)  # does not wait for plugins that are still at work


def _send(place: int, message: Mapping[str, Any], until: float) -> None:
    try:
        is_delivered, problem = _delivered(place, message, until)
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, and its message may show the URL
        is_delivered, problem = False, f"its plugin failed ({type(error).__name__})"
    _write(place, is_delivered=is_delivered, problem=problem)


def _delivered(place: int, message: Mapping[str, Any], until: float) -> tuple[bool, str | None]:
    """Send one message; return whether it arrived, and what went wrong."""
    asset = apprise.AppriseAsset(
        app_id="portouts", app_desc="portouts", async_mode=False, pgp_autogen=False, pem_autogen=False
    )
    service = apprise.Apprise.instantiate(message["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return False, "Apprise does not understand this URL"
    _write(place, receiver=_label(service))
    if message.get("file") and not service.attachment_support:
        return False, "it takes no files"
    reached = _noting_recipients(service)
    receivers = apprise.Apprise(asset=asset)
    receivers.add(service)
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(min(PAUSE * 2**attempt, max(until - time.monotonic(), 0)))
        problem = _attempt(receivers, service, message, max(until - time.monotonic(), 0.1))
        if not problem:
            return True, None
        if reached:
            return True, "only some of its recipients accepted the message"
    return False, problem


def _attempt(receivers: Any, service: Any, message: Mapping[str, Any], seconds: float) -> str:
    """Send once; return what went wrong, or an empty text.

    A receiver that accepts the connection and never answers uses all the time. It is not asked again, because it may
    have got the message.
    """
    service.socket_connect_timeout = service.socket_read_timeout = seconds
    file = AttachFile(message["file"]) if message.get("file") else None  # type: ignore[no-untyped-call] # of Apprise
    result = receivers.notify(message["body"], title=message["title"], body_format="text", attach=file, timeout=seconds)
    if result:
        return ""
    answered = _STATUS.search(" ".join(entry.message for entry in result.logs()))
    return f"it answered {answered[1]}" if answered else "it could not be reached, or refused the message"


def _noting_recipients(service: Any) -> list[object]:
    """Return a list that fills with the recipients a service reaches; one URL may have several."""
    reached: list[object] = []
    mark = service.mark_delivered

    def note(key: object, *rest: Any, **options: Any) -> None:
        reached.append(key)
        mark(key, *rest, **options)

    service.mark_delivered = note
    return reached


def _label(service: Any) -> str:
    """Name a receiver by scheme and host; leave the host out for services whose URL has a token in its place."""
    protocol = service.secure_protocol if service.secure else service.protocol or service.secure_protocol
    scheme = protocol if isinstance(protocol, str) else protocol[0]
    has_host = all("{host}" in template for template in service.templates)
    return f"{scheme}://{service.host}" if has_host and service.host else f"{scheme}://…"


def _write(place: int, **found: object) -> None:
    with _writing:
        sys.stdout.write(json.dumps({"place": place, **found}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
