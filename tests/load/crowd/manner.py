"""How people behave: what each does how often, how long they think, and whose network is bad. Every number is an assumption, in one place.

Times between two events of a person are exponential, so that nobody is in step with anybody; times to decide and to be away are
log-normal, for a few take very long.
"""

import math
import random
from typing import Any

from msgspec import Struct

THINK = 20.0
"""Mean seconds between two things that a person does of their own accord."""

ACTS = {"question.vote": 45, "reaction.send": 40, "chat.send": 10, "floor.raise": 3, "floor.lower": 1, "question.ask": 1}
"""What that is, by weight; what cannot be done then (nothing to vote for) is let be."""

COMES_WITH, ASKS_WITHIN = 0.05, 10.0
"""Share of people who come with a question, and the seconds within which they ask it."""

ANSWERS = 0.7
"""Of those who hear that a poll opens, so many answer it, DECIDE seconds later (median, sigma of the logarithm)."""
DECIDE = 5.0, 0.7

CHANGES = 0.1
"""Of those who answered, so many change their mind once."""

TAKES_BACK = 0.15
"""Of votes on questions, so many take one back."""

READS_CAPTIONS, READS_CHAT = 0.6, 0.2
"""Shares of people. Half of the readers follow the floor's language, the others another one of the session's."""
READS_FLOOR = 0.5

BAD_NETWORK = 0.2
"""Share of people whose connection breaks every CUTS_BAD seconds in the mean; that of the others every CUTS_GOOD."""
CUTS_BAD, CUTS_GOOD = 30.0, 300.0

AWAY = 2.0, 1.0
"""Seconds without a network (median, sigma of the logarithm), AWAY_LIMIT at most."""
AWAY_LIMIT = 60.0

LANGUAGES = {"en": 34, "zh": 14, "es": 12, "ar": 10, "hi": 8, "fr": 8, "ru": 5, "ja": 5, "pt": 4}
"""In which people come in and write, by weight."""

SENTENCES = {
    "en": ("Who owns the archive when the studio closes?", "How is a co-production financed without a distributor?"),
    "zh": ("谁来决定字幕的语言？", "小成本电影怎样进入国际市场？"),
    "es": ("¿Quién paga la restauración de las películas?", "¿Cómo se reparte el dinero entre los países?"),
    "ar": ("من يملك حقوق الترجمة؟", "كيف تُموَّل الأفلام القصيرة؟"),
    "hi": ("छोटे फ़िल्मकारों को पैसा कौन देगा?", "क्या उपशीर्षक हर भाषा में होंगे?"),
    "fr": ("Qui choisit les films du festival ?", "Comment former les jeunes scénaristes ?"),
    "ru": ("Кто отвечает за сохранение плёнки?", "Как снимать кино без студии?"),
    "ja": ("映画館の未来はどうなりますか。", "字幕は誰が作りますか。"),
    "pt": ("Quem decide o que é restaurado?", "Como chegar ao público jovem?"),
}

REACTIONS = ("applause", "heart", "laugh", "wow", "insight")


class Person(Struct, frozen=True):
    """Who somebody is for the whole of a session."""

    lang: str
    captions: str | None
    chats: bool
    cuts: float
    """Mean seconds between two breaks of the connection."""


def person(dice: random.Random, floor: str, captions: list[str]) -> Person:
    lang = dice.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
    followed = None
    if dice.random() < READS_CAPTIONS:
        followed = floor if dice.random() < READS_FLOOR else dice.choice(captions)
    return Person(lang, followed, dice.random() < READS_CHAT, CUTS_BAD if dice.random() < BAD_NETWORK else CUTS_GOOD)


def later(dice: random.Random, median: float, sigma: float) -> float:
    return dice.lognormvariate(math.log(median), sigma)


def text(dice: random.Random, lang: str, number: int) -> str:
    """A sentence of the language that nobody else says."""
    return f"{dice.choice(SENTENCES[lang])} ({number})"


def ballot(dice: random.Random, poll: dict[str, Any]) -> Any:
    """What somebody answers; None for a kind of poll that these people do not answer."""
    options, rules = [option["id"] for option in poll["options"]], poll["rules"]
    match poll["kind"]:
        case "single" | "yesno" | "image":
            return [dice.choice(options)]
        case "multiple":
            most = rules.get("max_choices", 1)
            return dice.sample(options, dice.randint(min(rules.get("min_choices", 1), most), most))
        case "ranking":
            return dice.sample(options, len(options)) if rules.get("max_choices", 1) >= len(options) else None
        case "rating" | "scale":
            return dice.randint(rules.get("low", 1), rules.get("high", 5))
        case _:
            return None


def stated() -> dict[str, str]:
    """All that, for the report."""
    return {
        "between two acts of a person": f"exponential, {THINK:.0f} s in the mean",
        "acts": ", ".join(f"{name} {weight}" for name, weight in ACTS.items()),
        "come with a question": f"{COMES_WITH:.0%}, asked within {ASKS_WITHIN:.0f} s",
        "answer a poll": f"{ANSWERS:.0%}, after a log-normal time of {DECIDE[0]:.0f} s (sigma {DECIDE[1]}); {CHANGES:.0%} change it once",
        "take a vote for a question back": f"{TAKES_BACK:.0%} of votes",
        "read captions; the floor's; the chat": f"{READS_CAPTIONS:.0%}; {READS_FLOOR:.0%} of them; {READS_CHAT:.0%}",
        "connection breaks": f"every {CUTS_GOOD:.0f} s, for {BAD_NETWORK:.0%} of people every {CUTS_BAD:.0f} s (exponential)",
        "away then": f"log-normal, {AWAY[0]:.0f} s (sigma {AWAY[1]}), {AWAY_LIMIT:.0f} s at most; then as long as the web client waits",
        "languages": ", ".join(f"{name} {weight}" for name, weight in LANGUAGES.items()),
    }
