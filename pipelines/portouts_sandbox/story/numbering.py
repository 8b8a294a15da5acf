"""Phone numbers from the ranges that regulators reserve for fiction, so that none belongs to a real line.

The surprise: in North America only 555-0100 to 555-0199 of each area code are reserved, so large worlds port the
same number many times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .rng import weighted_choice


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


US_AREA_CODES = _split("""
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240
    248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314
    315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406
    407 408 409 410 412 413 414 415 417 419 423 425 432 434 435 440 443 469 478 479 480 484 501 502 503
    504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573
    574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 630 631
    636 641 646 650 651 660 661 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720
    724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806
    808 810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863
    864 865 870 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937
    940 941 947 949 952 954 956 970 971 972 973 978 979 980 985 989
""")
CA_AREA_CODES = _split("""
    204 226 250 289 306 403 416 418 438 450 506 514 519 604 613 647 705 709 778 780 807 819 902 905
""")


@dataclass(frozen=True)
class NumberRange:
    """One country's numbers for fiction: each prefix is followed by `digits` free digits."""

    prefixes: tuple[str, ...]
    digits: int

    def number(self, position: int) -> str:
        """Return the number at a position; the position after the last is the first again."""
        prefix, line = divmod(position, 10**self.digits)
        return f"{self.prefixes[prefix % len(self.prefixes)]}{line:0{self.digits}d}"

    def size(self) -> int:
        """Return the count of different numbers."""
        return len(self.prefixes) * int(10**self.digits)


RANGES = {
    "US": NumberRange(tuple(f"+1{code}55501" for code in US_AREA_CODES), 2),
    "CA": NumberRange(tuple(f"+1{code}55501" for code in CA_AREA_CODES), 2),
    "GB": NumberRange(("+442079460", "+441414960", "+441214960"), 3),
    "IE": NumberRange(("+3532091",), 5),
    "DE": NumberRange(("+493023125", "+496990009"), 3),
    "FR": NumberRange(("+3319900", "+3346571"), 4),
    "AU": NumberRange(("+6125550", "+6135550"), 4),
    "SE": NumberRange(("+468465004", "+463139006"), 2),
}
COUNTRY_CODES = {"+353": "IE", "+44": "GB", "+49": "DE", "+33": "FR", "+61": "AU", "+46": "SE"}
_CANADIAN = frozenset(CA_AREA_CODES)
_draw_country = weighted_choice({"US": 84, "CA": 8, "GB": 3, "IE": 1.5, "DE": 1.2, "FR": 1.2, "AU": 0.6, "SE": 0.5})


def draw_numbers(rng: Random, draw_count: Callable[[Random], int]) -> list[str]:
    """Return the numbers of one order: mostly one, else a block of consecutive numbers of one country."""
    numbers = RANGES[_draw_country(rng)]
    first, count = rng.randrange(numbers.size()), min(draw_count(rng), numbers.size())
    return [numbers.number(first + step) for step in range(count)]


def country_of(phone_number: str) -> str | None:
    """Return the ISO 3166 country code of an E.164 number; None outside the countries of this world."""
    if phone_number.startswith("+1"):
        return "CA" if phone_number[2:5] in _CANADIAN else "US"
    return next((code for prefix, code in COUNTRY_CODES.items() if phone_number.startswith(prefix)), None)
