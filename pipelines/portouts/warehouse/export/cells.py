"""Texts made safe for spreadsheets: a name from the data must neither compute nor break a file.

Excel takes a cell of a CSV file that begins with one of `= + - @`, a tab or a line break for a formula. An apostrophe
in front makes it a text (OWASP, "CSV injection"). Text that has apostrophes there gets one more, so that a reader can
take exactly one away. The surprise: a phone number such as +13125550100 stays as it is. It computes nothing but itself,
and other programs look for it as it is written.
"""

from __future__ import annotations

import re

LONGEST_TEXT = 32_767  # of a cell of Excel, in UTF-16
CUT = "…"
_BEGINS_FORMULA = "[=+@\uff1d\uff0b\uff20\uff0d-]"  # also as wide characters
# Where the system separates lists by semicolons, Excel ends a cell at one, and at a line break between quotes.
_FORMULA = f"(^|[;\t\r\n])('*{_BEGINS_FORMULA})"
_BREAK = "^('*[\t\r\n])"
_PHONE_NUMBER = r"\+[0-9]{1,15}"
# An array formula, an error, a link.
_TAKEN_BY_PANDAS = re.compile("'*([{#]|(https?|ftps?|file|mailto|internal|external):)", re.IGNORECASE)
# What XML has no character for.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def neutralised(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    if re.fullmatch(_PHONE_NUMBER, text):
        return text
    return re.sub(_BREAK, r"'\1", re.sub(_FORMULA, r"\1'\2", text))


def neutralised_in_sql(expression: str) -> str:
    """Return SQL that does the same."""
    formula, line_break = (pattern.replace("'", "''") for pattern in (_FORMULA, _BREAK))
    formulas = f"regexp_replace({expression}, '{formula}', '\\1''\\2', 'g')"
    return (
        f"case when regexp_full_match({expression}, '{_PHONE_NUMBER}') then {expression} "
        f"else regexp_replace({formulas}, '{line_break}', '''\\1') end"
    )


def fitted(text: str) -> str:
    """Return a text that a cell of Excel can take; a longer one ends in an ellipsis."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * LONGEST_TEXT:
        return text
    return encoded[: 2 * (LONGEST_TEXT - 1)].decode("utf-16-le", "ignore") + CUT


def as_cell_of_pandas(text: str) -> str:
    """Return a text that pandas writes to Excel as a text, by either of its engines.

    They take some texts for formulas, errors or links, and one of them refuses controls, which become U+FFFD.
    """
    safe = _ILLEGAL.sub("\ufffd", neutralised(text))
    return fitted(f"'{safe}" if _TAKEN_BY_PANDAS.match(safe) else safe)
