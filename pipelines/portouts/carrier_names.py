"""Spellings of carriers: names and SPIDs that differ only in how they are written become equal.

DuckDB cannot fold Unicode, so a build lists the distinct spellings, a few hundred, folds them here and writes them
into a table of `staging`.
"""

from __future__ import annotations

import re
import unicodedata

# Code points that show nothing: Unicode's Default_Ignorable_Code_Point.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_NOTHING = re.compile(f"[{_INVISIBLE}]")
# ™ and ℠ too, of which NFKC makes letters, and letters that are apostrophes.
_NO_LETTERS = re.compile(f"[{_INVISIBLE}\u2122\u2120\u02bb-\u02bd]")
_STATE = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*[A-Za-z]{2}\s*$")


def fold_spid(spid: str | None) -> str | None:
    """Write a SPID in upper case, without white space and invisible characters; None where nothing is left."""
    plain = unicodedata.normalize("NFKC", _NOTHING.sub("", spid or ""))
    return "".join(_NOTHING.sub("", plain).upper().split()) or None


def fold_name(name: str | None) -> str | None:
    """Reduce a name to its letters, digits and accents, by Unicode's NFKC and case folding; None where none is left.

    "AT & T", "AT&T" and "\uff21T＆T" are one name, and so are "T-Mobile" and "T Mobile". Accents count.
    """
    visible = "".join(letter for letter in _NO_LETTERS.sub("", name or "") if unicodedata.category(letter) != "Sk")
    folded = unicodedata.normalize("NFKC", visible).replace("\u0130", "i").replace("\u0131", "i").casefold()
    letters = (letter for letter in unicodedata.normalize("NFKC", folded) if _is_kept(letter))
    return unicodedata.normalize("NFC", "".join(letters)) or None


def fold_family(name: str | None) -> str | None:
    """Fold a name without the state at its end: "Example, LLC - CA" and "Example, LLC - NY" are one family."""
    return fold_name(_STATE.sub("", name or "")) or fold_name(name)


def _is_kept(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] not in "PSZ" and category not in ("Cc", "Cf") and not _NOTHING.match(letter)
