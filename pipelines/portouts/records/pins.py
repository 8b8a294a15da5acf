"""Removes PINs, which are live credentials, from everything that is kept, under every setting.

A PIN stands in a field of a certain name (`attempted_pin`, `pinHash`, `passcode`, `pin_1`), in JSON inside a text, in
the address of a link, or in a sentence. Names and JSON are certain. Sentences are not: a number that follows the word
PIN is removed, but people can write a PIN in ways that no program recognises.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import msgspec

MASK = "[PIN]"
_BEFORE = (
    "account|actual|admin|attempted|attempt|auth|authorization|billing|carrier|correct|current|customer|default|"
    "entered|expected|external|given|in|invalid|line|my|new|number|old|out|owner|phone|port|porting|portout|previous|"
    "provided|security|sim|subscriber|supplied|temporary|the|transfer|user|valid|voicemail|wireless|wrong|your"
)
_NAMES = "pin|passcode|passkey|passphrase|password|passwd"
_AFTER = "code|digits|digit|encoded|encrypted|entry|hash|hashed|number|num|nr|no|plain|text|value"
_JOINED = re.compile(rf"(?:{_BEFORE})*(?:{_NAMES})(?:s|es)?(?:{_AFTER})*(?:s|es)?\d*")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
# A name with such a word describes a PIN, so only a value that looks like a PIN is removed.
_ABOUT = re.compile(
    "at|attempts|changed|count|created|date|disabled|eligibility|eligible|enabled|error|expired|expires|expiry|failures|"
    "format|invalid|length|locked|match|matched|message|mismatch|needed|on|policy|present|protected|protection|"
    "provided|required|requirement|reset|result|retries|set|status|supported|type|updated|valid|validated|validation|"
    "verification|verified"
)
_DIGITS = re.compile(r"\s*[0-9]{3,12}\s*")
_SMALLEST_PIN = 1000

# In a text: a word that may name a PIN, what stands between it and a value, the value, and further values.
_TOKEN = re.compile(
    r"[A-Za-z0-9_-]*(?:pin|pass[ _-]?(?:code|key|phrase|word|wd))[A-Za-z_-]*(?:[0-9]{1,2}(?![0-9]))?", re.IGNORECASE
)
_LEAD = re.compile(
    r"""(?:["'\\\s>(\[]|%22|%27)*(?:(?:code|number|num|no|nr|is|was|are|were|of|on|file)\b[.\s]*)*"""
    r"""(?P<sign>=|:|>|\#|%3D|%3A)?(?:["'\\\s(\[]|%22|%27|%5B)*""",
    re.IGNORECASE,
)
_VALUE = re.compile(r"""(?:(?!%22|%27|%26|%2C|%5D)[^\s"'\\&,;<>{}\[\]()?#|])+""", re.IGNORECASE)
_NEXT = re.compile(
    r"""(?:["'\\\s]|%22|%27)*(?:,|;|/|\||\band\b|\bor\b|%2C)(?:["'\\\s]|%22|%27)*(?=[0-9])""", re.IGNORECASE
)
_WITH_DIGITS = re.compile(r"[0-9]{3}|^(?=.*[0-9])[A-Za-z0-9]{3,}$")
_IN_SENTENCE = re.compile(r"[^.!?;\n0-9+]{0,40}(?<![+0-9.-])([0-9]{3,10})(?![0-9])")
_NUMBER_BEFORE_WORD = re.compile(
    r"(?<![+0-9.-])[0-9]{3,10}(?=[\"')\]]*\s+(?:is|was|as|for)\s+(?:\w+\s+){0,3}(?:pin|passcode|password)\b)",
    re.IGNORECASE,
)


def remove_pins(value: object) -> None:
    """Delete, in place and at any depth, every field of a JSON value that by its name holds a PIN."""
    unseen: list[Any] = [value]
    while unseen:
        part = unseen.pop()
        if type(part) is dict:
            for key in _named_among(tuple(part)):
                if _holds_pin(key, part[key]):
                    del part[key]
            unseen += [inner for inner in part.values() if type(inner) is dict or type(inner) is list]
        elif type(part) is list:
            unseen += [inner for inner in part if type(inner) is dict or type(inner) is list]


def may_mention_pin(text: str) -> bool:
    """Return quickly whether a text, or JSON with texts in it, may mention a PIN."""
    lower = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()
    return "pin" in lower or "pass" in lower or "\\u" in lower


def clear_texts(value: Any) -> Any:
    """Remove PINs from every text inside a JSON value, in place; return the value."""
    if isinstance(value, str):
        return text_without_pins(value)
    unseen = [value]
    while unseen:
        part = unseen.pop()
        entries = list(part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ())
        for key, inner in entries:
            if isinstance(inner, str):
                part[key] = text_without_pins(inner)
            else:
                unseen.append(inner)
    return value


def text_without_pins(text: str) -> str:
    """Remove PINs from a text: from the fields of JSON if it is JSON, else the values after a name or the word PIN."""
    if not may_mention_pin(text):
        return text
    if text.lstrip()[:1] in ("{", "[", '"'):
        try:
            inner = msgspec.json.decode(text)
            before = msgspec.json.encode(inner)
            remove_pins(inner)
            after = msgspec.json.encode(clear_texts(inner))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass  # broken JSON is a text like any other
        else:
            return text if before == after else after.decode()
    return _NUMBER_BEFORE_WORD.sub(MASK, _masked(text))


def _masked(text: str) -> str:
    kept, position = [], 0
    for token in _TOKEN.finditer(text):
        if token.start() < position or _kind(unquote(token[0])) is None:
            continue
        for start, end in _values_after(text, token.end()):
            kept += [text[position:start], MASK]
            position = end
    return "".join([*kept, text[position:]])


def _values_after(text: str, position: int) -> list[tuple[int, int]]:
    """List the spans of the values that follow the name of a PIN."""
    span = _value_beside(text, position) or _number_in_sentence(text, position)
    if span is None or text.startswith(MASK, span[0] - 1):
        return []
    found = [span]
    while (more := _NEXT.match(text, found[-1][1])) and (value := _VALUE.match(text, more.end())):
        found.append(value.span())
    return found


def _value_beside(text: str, position: int) -> tuple[int, int] | None:
    """Find a value that is assigned (`pin=x`, `"pin": "x"`), or one with digits (`PIN: 1234`, `pin is A1B2`)."""
    lead = _LEAD.match(text, position)
    value = _VALUE.match(text, lead.end()) if lead else None
    if lead is None or value is None:
        return None
    said = value[0].rstrip(".!")
    is_set = lead["sign"] in ("=", ">") or not {'"', "'", "%"}.isdisjoint(lead[0])
    return (value.start(), value.start() + len(said)) if is_set or _WITH_DIGITS.search(said) else None


def _number_in_sentence(text: str, position: int) -> tuple[int, int] | None:
    """Find a number in the words after PIN. A capital letter before it begins a name: Pin Oak Court 1204."""
    number = _IN_SENTENCE.match(text, position)
    leads = number is not None and not any(map(str.isupper, text[position : number.start(1)]))
    return number.span(1) if number and leads else None


# Objects come in few shapes, and checking every key of each object would take longer than everything else.
@lru_cache(maxsize=1_000)
def _named_among(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if _kind(key) is not None)


def _holds_pin(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return False
    return _kind(key) == "pin" or _looks_like_pin(value)


@lru_cache(maxsize=10_000)
def _kind(key: str) -> str | None:
    """Return `pin` for the name of a PIN, `about` for a name that describes a PIN, None for any other."""
    words = [word.lower() for word in _WORD.findall(unicodedata.normalize("NFKC", key))]
    joined = "".join(words)
    pairs = {first + second for first, second in pairwise(words)}
    names = {"pin", "pins", *_NAMES.split("|")}
    if _JOINED.fullmatch(joined) or joined.endswith("attemptedpin"):
        return "pin"
    if not names & {word.removesuffix("s") for word in {*words, *pairs}}:
        return None
    return "about" if any(map(_ABOUT.fullmatch, words)) else "pin"


def _looks_like_pin(value: object) -> bool:
    """Return whether a value may be a PIN or holds one, and is no count, date or word."""
    unseen = [value]
    while unseen:
        part = unseen.pop()
        if isinstance(part, dict | list):
            unseen += part.values() if isinstance(part, dict) else part
        is_text = isinstance(part, str) and _DIGITS.fullmatch(part)
        if is_text or (isinstance(part, int | float) and abs(part) >= _SMALLEST_PIN):
            return True
    return False
