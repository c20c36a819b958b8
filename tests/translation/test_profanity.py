"""Vulgar words are masked or left out whole, in every language with a list, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.lines import length
from translation.profanity import LISTS, Policy, Profanity

profanity = Profanity()
LANGUAGES = sorted(file.stem for file in LISTS.glob("*.txt"))


@pytest.mark.parametrize(
    ("lang", "text", "masked", "removed"),
    [
        ("en-GB", "This is Bullshit, you know.", "This is B*******, you know.", "This is …, you know."),
        ("en", "What the fucking hell?", "What the f****** hell?", "What the … hell?"),
        ("es-MX", "¡Qué coño, hijo de puta!", "¡Qué c***, h***********!", "¡Qué …, …!"),
        ("es", "Jo\u0301dete ya.", "J***** ya.", "… ya."),
        ("fr", "C'est de la merde, l'enculé.", "C'est de la m****, l'e*****.", "C'est de la …, l'…."),
        ("zh-Hans", "这真是狗屎电影", "这真是狗*电影", "这真是…电影"),
        ("zh-Hant", "你這王八蛋！", "你這王**！", "你這…！"),
        ("ar", "هذا والخراء كثير", "هذا و****** كثير", "هذا … كثير"),
    ],
)  # fmt: skip
def test_a_word_is_masked_but_for_its_first_letter_or_left_out(lang: str, text: str, masked: str, removed: str) -> None:
    assert profanity.clean(text, lang, "mask") == masked
    assert profanity.clean(text, lang, "remove") == removed
    assert profanity.clean(text, lang, "show") == text


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Scunthorpe shitake assess Dick Cox, a cockpit classic"),
        ("es", "la reputación, disputa y computadora de Putastro"),
        ("fr", "le concombre, une réputation, un disputé, putois"),
        ("zh", "我妈的电影由我操作"),
        ("ar", "خرائط وكلب كبير في زبيدة"),
        ("ja", "fuck"),
    ],
)
def test_words_that_only_look_alike_are_left(lang: str, text: str) -> None:
    assert profanity.clean(text, lang, "mask") == text


@given(st.sampled_from(LANGUAGES), st.text(max_size=40), st.text(max_size=40), st.sampled_from(["mask", "remove"]), st.integers(0, 999))
def test_no_listed_word_outlives_any_neighbours_and_a_cleaned_text_stays(
    lang: str, before: str, after: str, policy: Policy, pick: int
) -> None:
    words = [line for line in (LISTS / f"{lang}.txt").read_text().splitlines() if not line.startswith("#")]
    word = words[pick % len(words)].rstrip("*")
    text = f"{before} {word} {after}"
    cleaned = profanity.clean(text, lang, policy)
    assert f" {word} " not in cleaned
    assert length(cleaned) <= length(text)
    assert profanity.clean(cleaned, lang, policy) == cleaned


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_list_says_where_it_comes_from(lang: str) -> None:
    first = (LISTS / f"{lang}.txt").read_text().splitlines()[0]
    assert first.startswith("# ")
    assert "Chosen by hand" in first
