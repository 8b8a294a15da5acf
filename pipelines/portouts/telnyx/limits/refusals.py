"""Whether refusals (429) come from a full limit or at random, as far as the latest answers show it.

`x` is a refusal and `.` any other answer. A full limit refuses every request until its window is over. A limit that is
overstepped by one refuses now and then. A proxy that refuses at random does so at any pace:

    full                ............xxxxxx..
    overstepped by one  ....................x.....................
    at random           ...x.......x....x.........x.x.......x.....

So refusals are scattered if there are several and answers stand between them. A bucket that is overstepped by a sixth
looks the same; only a slower pace shows the difference, so `AdaptiveLimit` also compares the pace.
"""

from __future__ import annotations

from collections import deque

_LATEST = 20
_IN_A_ROW = 3
_SEVERAL, _MANY = 3, 8


class Refusals:
    """Which of the latest answers were refusals."""

    def __init__(self) -> None:
        self._latest: deque[bool] = deque(maxlen=_LATEST)
        self.answers_since = 0
        """How many other answers came since the last refusal."""

    def add(self, *, is_refused: bool) -> None:
        self._latest.append(is_refused)
        self.answers_since = 0 if is_refused else self.answers_since + 1

    @property
    def are_of_a_full_limit(self) -> bool:
        return [*self._latest][-_IN_A_ROW:] == [True] * _IN_A_ROW or sum(self._latest) >= _MANY

    @property
    def are_scattered(self) -> bool:
        return sum(self._latest) >= _SEVERAL and not self.are_of_a_full_limit
