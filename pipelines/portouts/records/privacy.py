"""Masks personal data in the mode of the setting `pii`: keep, hash or drop.

Names, addresses and numbers follow the setting. PINs do not: in every mode they are removed from each JSON value before
it is written, see `pins`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from portouts.records.pins import clear_texts, may_mention_pin, remove_pins, text_without_pins
from portouts.telnyx.bodies import as_text, prune

Pii = Literal["keep", "hash", "drop"]


@dataclass(frozen=True)
class Privacy:
    """The mode of personal data: keep it, replace it by a keyed hash that still joins, or drop it."""

    pii: Pii = "keep"
    salt: str = ""

    @property
    def fingerprint(self) -> str:
        """Return a text that is the same only for the same mode and salt, and does not show the salt."""
        return f"hash {self.mask('a salt')}" if self.pii == "hash" else self.pii

    def mask(self, value: object) -> object:
        """Replace one personal value; lists element by element, null stays null."""
        if value is None or self.pii == "keep":
            return value
        if self.pii == "drop":
            return None
        if isinstance(value, list):
            return [self.mask(part) for part in value]
        text = text_without_pins(value) if isinstance(value, str) else json_text(value)
        return hmac.new(self.salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    def mask_name(self, name: str) -> str:
        """Replace the name of a field unless it is a plain word: a name may be a phone number or a person."""
        return name if is_plain_word(name) or self.pii == "keep" else str(self.mask(name) or "")


KEEP = Privacy()
_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}")


def is_plain_word(value: object) -> bool:
    """Return whether a value is a word like the names of fields, and so cannot be personal."""
    return isinstance(value, str) and _PLAIN_WORD.fullmatch(value) is not None


def json_text(value: object, order: Literal["sorted"] | None = None) -> str:
    """Write a value as JSON, without PINs. Every value that is no plain value of its column is written by this."""
    remove_pins(value)
    text = _encode(value, order)
    return _encode(clear_texts(value), order) if may_mention_pin(text) else text


def _encode(value: object, order: Literal["sorted"] | None) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=as_text, order=order).decode()
    except RecursionError:
        return msgspec.json.encode(prune(value), enc_hook=as_text, order=order).decode()
