"""Film terms, names and titles are said as the glossary says, through a real translator that knows none of them."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.engines.apertium import Apertium
from translation.film import FILM
from translation.glossary import Glossary, Match, Term, forced, shielded, unshielded
from translation.translations import Terms, Translations

NAMES = Glossary(
    {
        "film": Term(texts={"en": "Drive My Car", "zh": "驾驶我的车"}, protect=True),
        "director": Term(texts={"en": "Jia"}, protect=True),
        "screening": Term(texts={"en": "screening|screenings", "es": "proyección|proyecciones"}),
    }
)
SENTENCES = [
    "The screening begins at nine.",
    "The screenings were full.",
    "The filmmaker presents a rough cut.",
    "The world premiere is tomorrow.",
    "The cinematographer is here.",
    "The box office was good.",
    "A feature film and a short film.",
    "The screenwriter wrote the screenplay.",
    "We discuss dubbing and subtitles.",
    "We begin with a close-up and a tracking shot.",
    "The co-production needs visual effects.",
    "After the screening, a screening.",
]


@pytest.fixture
async def translations() -> AsyncIterator[Translations]:
    service = Translations([Apertium()])
    yield service
    await service.close()


async def test_a_screening_is_no_exploration(translations: Translations) -> None:
    assert await translations.translate("The screening begins.", "en", "es") == "La exploración empieza."
    terms = Terms(FILM)
    assert await translations.translate("The screening begins.", "en", "es", terms) == "La proyección empieza."
    assert (terms.wanted, terms.hit) == (1, 1)


@pytest.mark.parametrize("lang", ["es", "fr"])
async def test_the_hit_rate_of_film_terms(translations: Translations, lang: str) -> None:
    """Measured, beside what the engine alone says of them."""
    terms, alone = Terms(FILM), 0
    for sentence in SENTENCES:
        await translations.translate(sentence, "en", lang, terms)
        said = (await translations.translate(sentence, "en", lang) or "").casefold()
        alone += sum(match.wanted.casefold() in said for match in FILM.find(sentence, "en", lang))
    print(f"en->{lang}: {terms.hit} of {terms.wanted} terms as the glossary says, {alone} by the engine alone")
    assert terms.wanted > 15
    assert terms.hit == terms.wanted
    assert alone < terms.wanted / 2


async def test_a_title_stays_what_it_is(translations: Translations) -> None:
    said = await translations.translate("Drive My Car won in Cannes.", "en", "es", Terms(NAMES))
    assert said is not None
    assert said.startswith("Drive My Car")


def test_a_title_has_another_name_where_it_has_one() -> None:
    assert [match.wanted for match in NAMES.find("Jia saw Drive My Car.", "en", "zh-Hans")] == ["Jia", "驾驶我的车"]
    assert [match.wanted for match in NAMES.find("贾看了《驾驶我的车》", "zh", "en")] == ["Drive My Car"]


def test_only_that_spelling_is_a_name_and_any_spelling_is_a_term() -> None:
    assert NAMES.find("I drive my car.", "en", "es") == []
    assert [match.wanted for match in NAMES.find("Screenings and a SCREENING", "en", "es")] == ["Proyecciones", "Proyección"]
    assert NAMES.find("The prescreening", "en", "es") == []


def test_a_term_that_the_language_does_not_have_is_left_to_the_engine() -> None:
    assert NAMES.find("A screening", "en", "fr") == []


def test_the_sessions_own_words_come_first() -> None:
    own = Glossary({"s": Term(texts={"en": "screening", "es": "pase"})})
    assert [match.wanted for match in own.over(FILM).find("A screening of a short film", "en", "es")] == ["pase", "cortometraje"]


def test_an_article_that_was_shortened_for_a_vowel_is_not_left_before_a_consonant() -> None:
    match = Match(4, 13, "screening", "projection")
    assert forced("L'exploration commence.", [match], {"screening": "exploration"}) == ("L'exploration commence.", 0)


def test_a_word_that_is_there_once_does_not_count_twice() -> None:
    matches = NAMES.find("screening, screening", "en", "es")
    assert forced("proyección, exploración", matches, {"screening": "exploración"}) == ("proyección, proyección", 2)
    assert forced("proyección, nada", matches, {}) == ("proyección, nada", 1)


@given(st.lists(st.sampled_from(["screening", "Jia", "Drive My Car", "and", "1", "Zx0q", "é"]), max_size=12).map(" ".join))
def test_marks_come_back_as_the_words_that_were_wanted(text: str) -> None:
    matches = NAMES.find(text, "en", "es")
    back, hits = unshielded(shielded(text, matches), matches)
    if "Zx0q" not in text:
        assert hits == len(matches)
        assert back == text.replace("screening", "proyección")
