"""What may be kept of personal data, and nothing of a PIN.

`attempted_pin`, a live credential, and whatever else is named like a PIN is removed from every JSON value before it is
written, under every setting; what becomes of names, addresses and numbers is the reader's choice.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec

Pii = Literal["keep", "hash", "drop"]


@dataclass(frozen=True)
class Privacy:
    """What becomes of personal data: kept, replaced by a keyed hash that still joins, or dropped."""

    pii: Pii = "keep"
    salt: str = ""

    @property
    def mark(self) -> str:
        """Name what tells apart the values that it makes, and does not tell the salt."""
        return f"hash {self.cover('a salt')}" if self.pii == "hash" else self.pii

    def cover(self, value: object) -> object:
        """Replace one personal value; lists element by element, null stays null."""
        if value is None or self.pii == "keep":
            return value
        if self.pii == "drop":
            return None
        remove_pins(value)
        if isinstance(value, list):
            return [self.cover(part) for part in value]
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return hmac.new(self.salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


KEEP = Privacy()


def json_text(value: object, order: Literal["sorted"] | None = None) -> str:
    """Write a value as JSON, without PINs. Nothing that is not a plain value of its column is kept but through here."""
    remove_pins(value)
    return msgspec.json.encode(value, order=order).decode()


def remove_pins(value: object) -> None:
    """Delete, in place and at any depth, every field of a JSON value that holds a PIN."""
    unseen: list[Any] = [value]
    while unseen:
        part = unseen.pop()
        if type(part) is dict:
            for key in _pins_among(tuple(part)):
                del part[key]
            unseen += [inner for inner in part.values() if type(inner) is dict or type(inner) is list]
        elif type(part) is list:
            unseen += [inner for inner in part if type(inner) is dict or type(inner) is list]


# Objects come in few shapes, and looking at every key of each takes longer than anything else done to it.
@lru_cache(maxsize=1_000)
def _pins_among(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if _is_pin(key))


def _is_pin(key: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", key)]
    if words[-1:] in (["code"], ["number"], ["value"]):
        words.pop()
    return "".join(words).endswith("attemptedpin") or words[-1:] in (["pin"], ["pins"])
