"""Records what each receiver was sent, in a small file in the working folder, so that a finding is sent once.

    {"<digest of the URL>": {"<alert>": ["<key of a finding>", …]}}

A finding that ends is removed, so it is sent again when it comes back. If the file is lost, all is sent once more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from portouts.monitor.alerts.finding import Alert
from portouts.warehouse.folders import new_file

NAME = "alerts.json"
Sent = dict[str, list[str]]
"""Alert → keys of the findings that a receiver got."""


@dataclass(frozen=True)
class Memory:
    """What each receiver was sent before."""

    sent: dict[str, Sent]

    def unsent(self, receiver: str, alerts: Sequence[Alert]) -> list[Alert]:
        """Return the findings that this receiver did not get yet."""
        known = self.sent.get(receiver, {})
        new = [
            replace(alert, findings=tuple(one for one in alert.findings if one.key not in known.get(alert.name, ())))
            for alert in alerts
        ]
        return [alert for alert in new if alert.findings]

    def after(
        self, receiver: str, alerts: Sequence[Alert], unknown: Collection[str], *, is_delivered: bool
    ) -> tuple[str, Sent]:
        """Return the new record of this receiver, without ended findings; alerts in `unknown` stay unchanged."""
        known = self.sent.get(receiver, {})
        kept = {name: keys for name, keys in known.items() if name in unknown}
        for alert in alerts:
            keys = {one.key for one in alert.findings}
            kept[alert.name] = sorted(keys if is_delivered else keys.intersection(known.get(alert.name, ())))
        return receiver, {name: keys for name, keys in kept.items() if keys}


def read_memory(folder: Path) -> Memory:
    """Read the file; a missing or damaged file counts as empty."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Memory(
            {
                str(receiver): {str(name): [str(key) for key in keys] for name, keys in sent.items()}
                for receiver, sent in content.items()
            }
        )
    return Memory({})


def write_memory(folder: Path, sent: dict[str, Sent]) -> None:
    """Replace the file in one step; only its owner may read it. Raises `OSError`."""
    part = new_file(folder / f"{NAME}.part")
    part.write_text(json.dumps(sent, sort_keys=True) + "\n", encoding="utf-8")
    with part.open() as written:
        os.fsync(written.fileno())
    part.replace(folder / NAME)
