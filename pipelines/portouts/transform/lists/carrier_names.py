"""Folded spellings of carriers: names and SPIDs that differ only in their spelling become equal.

DuckDB cannot fold Unicode. So a build reads the distinct spellings, a few hundred, folds them here and writes them into
`staging.folded_spellings`.
"""

from __future__ import annotations

import re
import unicodedata

# Invisible code points: Unicode's Default_Ignorable_Code_Point.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
# Also ™ and ℠, which NFKC turns into letters, and modifier letters that look like apostrophes.
_NO_LETTERS = re.compile(f"[{_INVISIBLE}\u2122\u2120\u02bb-\u02bd]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_LEGAL_FORM = re.compile(
    "ab|ag|aps|asa?|bhd|bv|co|company|corp|corporation|gmbh|inc|incorporated|kk|kg|limited|ll[cp]|lp|ltda?|nv|oyj?|plc"
    "|pte|pty|sa|sarl|sas|spa|srl|teo|teoranta|ulc"
)
_STATE = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*[A-Za-z]{2}\s*$")


def fold_spid(spid: str | None) -> str | None:
    """Return a SPID in upper case, without white space and invisible characters; None if nothing is left."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", spid or ""))
    return "".join(_UNSEEN.sub("", plain).upper().split()) or None


def fold_name(name: str | None) -> str | None:
    """Reduce a name to letters, digits and accents, by Unicode's NFKC and case folding; None if none is left.

    "AT & T", "AT&T" and "\uff21T＆T" are one name; so are "T-Mobile" and "T Mobile". Accents distinguish names.
    """
    visible = "".join(letter for letter in _NO_LETTERS.sub("", name or "") if unicodedata.category(letter) != "Sk")
    folded = unicodedata.normalize("NFKC", visible).replace("\u0130", "i").replace("\u0131", "i").casefold()
    letters = (letter for letter in unicodedata.normalize("NFKC", folded) if _is_kept(letter))
    return unicodedata.normalize("NFC", "".join(letters)) or None


def fold_family(name: str | None) -> str | None:
    """Fold a name without accents and without a state and a legal form at its end.

    "Exámple, LLC - CA", "Example, Inc." and "Example" are one family.
    """
    words = re.split(r"[\s,]+", _STATE.sub("", name or ""))
    while len(words) > 1 and _is_legal_form(fold_name(words[-1])):
        words.pop()
    folded = fold_name(" ".join(words)) or fold_name(name) or ""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", folded)) or None


def _is_legal_form(word: str | None) -> bool:
    return word is None or bool(_LEGAL_FORM.fullmatch(word))


def _is_kept(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] not in "PSZ" and category not in ("Cc", "Cf") and not _UNSEEN.match(letter)
