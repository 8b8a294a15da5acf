"""What may be kept of personal data, and nothing of a PIN.

PINs are removed from every JSON value before it is written, under every setting (see `pins`); what becomes of names,
addresses and numbers is the reader's choice.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from portouts.records.pins import clear_texts, may_say_pin, remove_pins, text_without_pins
from portouts.records.schema import DATE_FIELDS, IMPERSONAL_PAYLOAD_FIELDS, is_date_like
from portouts.telnyx.bodies import as_text, pruned

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
        if isinstance(value, list):
            return [self.cover(part) for part in value]
        text = text_without_pins(value) if isinstance(value, str) else json_text(value)
        return hmac.new(self.salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    def cover_name(self, name: str) -> str:
        """Replace the name of a field unless it looks like one: an object may have numbers or people for names."""
        return name if is_plain_word(name) or self.pii == "keep" else str(self.cover(name) or "")


KEEP = Privacy()
_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}")


def is_plain_word(value: object) -> bool:
    """Tell a word such as the names of fields are, from what may be personal."""
    return isinstance(value, str) and _PLAIN_WORD.fullmatch(value) is not None


def impersonal_payload(payload: object, privacy: Privacy) -> object:
    """Cover everything in a payload but what is known to be impersonal: a text in a field documented to be one."""
    if not isinstance(payload, dict):
        return None if payload is None else {}
    return {
        privacy.cover_name(name): value
        if name in IMPERSONAL_PAYLOAD_FIELDS and isinstance(value, str)
        else privacy.cover(value)
        for name, value in payload.items()
    }


def impersonal_methods(methods: object, privacy: Privacy) -> object:
    """Cover everything in a list of notification methods but the names of methods."""
    parts = methods if isinstance(methods, list) else [methods]
    kept = [part if is_plain_word(part) else privacy.cover(part) for part in parts]
    return kept if isinstance(methods, list) else kept[0]


def impersonal_extra(extra: Mapping[str, Any], privacy: Privacy) -> dict[str, Any]:
    """Keep the names of fields, and of their values only dates that no column could take."""
    return {
        privacy.cover_name(name): value if name in DATE_FIELDS and is_date_like(value) else None
        for name, value in extra.items()
    }


def json_text(value: object, order: Literal["sorted"] | None = None) -> str:
    """Write a value as JSON, without PINs. Nothing that is not a plain value of its column is kept but through here."""
    remove_pins(value)
    text = _encode(value, order)
    return _encode(clear_texts(value), order) if may_say_pin(text) else text


def _encode(value: object, order: Literal["sorted"] | None) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=as_text, order=order).decode()
    except RecursionError:
        return msgspec.json.encode(pruned(value), enc_hook=as_text, order=order).decode()
