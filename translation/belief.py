"""Whether what a recognizer understood is to be believed: it may hear music, or a language that it does not know. Pure.

A model in trouble talks on: it says the same words again and again, more of them than anyone can speak, or names the sound it hears.
Where an engine says how sure it is (`Heard.confidence`), that counts as well.
"""

from collections import deque
from dataclasses import dataclass, field, replace

import regex

from translation.engines import Heard
from translation.lines import printable

WORDS = 6.0
"""Words a second nobody speaks: who says more repeats itself, and is not believed."""

SURE = 0.5
"""Confidence under which a line counts as doubtful. Engines are surer than 0.7 of what they understand."""

LINES = 6
"""Finished lines by which the sound is judged; it is doubtful when they are so on average, and has at least half as many."""

LONGEST = 4_000
"""Characters of a line that is looked at: nobody says more in one, whatever the script."""

LOOP = 3
"""Times in a row that words are said before the rest is a loop: of a phrase within a line, or of a line."""

LOOP_WORDS = 8
"""Words that a loop within a line has at least: people say "no, no, no, no" too."""

PHRASE = 12
"""Words of the longest phrase that is looked for."""

MEMORY = 24
"""Finished lines that are remembered."""

VARIETY = 4
"""Times that each of them was said on average, when they are a few that go round."""

_NAMED = regex.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|（[^）]*）|【[^】]*】")
_SAID = regex.compile(r"[\p{L}\p{N}]")
_MARKS = regex.compile(r"[\p{P}\p{S}]")


@dataclass(slots=True)
class Belief:
    """One recognizer's lines, in their order."""

    _judged: deque[float] = field(default_factory=lambda: deque(maxlen=LINES))
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=MEMORY))
    """The last finished lines, plain; without sounds, which have no words."""
    _named: bool = False
    """Whether what was told last is a sound."""

    @property
    def doubtful(self) -> bool:
        """Whether what is heard makes so little sense that readers should know."""
        return len(self._judged) >= LINES // 2 and sum(self._judged) / len(self._judged) < SURE

    def judge(self, heard: Heard) -> Heard | None:
        """The line as it may be told; None for one that is not. While the sound is doubtful, only lines that are sure are told."""
        if len(heard.text) > LONGEST:
            if heard.final:
                self._judged.append(0.0)
            return None
        said = " ".join(printable(heard.text).split())
        text = unlooped(said)
        looped, fast = text != said, len(text.split()) > WORDS * (heard.end - heard.start) + 2
        named = _SAID.search(_NAMED.sub("", text)) is None
        sure = 0.0 if looped or fast else 1.0 if heard.confidence is None else heard.confidence
        if not heard.final:
            return None if fast or named or self._repeated(_plain(text)) or self.doubtful else replace(heard, text=text)
        # A sound is named once, until something is said that is told.
        repeated = self._named if named else self._repeated(_plain(text))
        if not named:
            self._said.append(_plain(text))
            self._judged.append(0.0 if repeated else sure)
        if fast or repeated or (self.doubtful and sure < SURE):
            return None
        self._named = named
        return replace(heard, text=text)

    def _repeated(self, plain: str) -> bool:
        """Whether this line has been said LOOP times in a row already, or is one of a few that are all that is said."""
        few = len(self._said) >= MEMORY // 2 and len(set(self._said)) * VARIETY <= len(self._said)
        return list(self._said)[-LOOP:] == [plain] * LOOP or (few and plain in self._said)


def unlooped(text: str) -> str:
    """The text, with a phrase that is said LOOP times in a row and more said once."""
    words = text.split()
    plain = [_plain(word) for word in words]
    place = 0
    while place < len(words):
        for size in range(1, min(PHRASE, (len(words) - place) // LOOP) + 1):
            times = _times(plain, place, size)
            if times >= LOOP and times * size >= LOOP_WORDS:
                del words[place + size : place + times * size], plain[place + size : place + times * size]
                # What is cut off in the middle of a phrase belongs to the loop.
                if plain[place + size :] == plain[place : place + len(plain) - place - size]:
                    del words[place + size :], plain[place + size :]
                break
        place += 1
    return " ".join(words)


def _times(words: list[str], place: int, size: int) -> int:
    phrase, times = words[place : place + size], 1
    while words[place + times * size : place + (times + 1) * size] == phrase:
        times += 1
    return times


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).casefold().split()) or text
