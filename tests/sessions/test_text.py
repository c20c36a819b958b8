"""Text as people see it, in any script, and the tags of languages."""

import unicodedata

import pytest

from sessions.errors import Invalid, TooLong
from sessions.text import BYTES_PER_GRAPHEME, MARKS_LIMIT, clean, graphemes, language

FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}"
SCOTLAND = "\N{WAVING BLACK FLAG}\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("cinema", 6),
        (FAMILY, 1),
        (SCOTLAND, 1),
        ("\N{REGIONAL INDICATOR SYMBOL LETTER E}\N{REGIONAL INDICATOR SYMBOL LETTER S}", 1),
        ("\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}", 1),
        ("e\N{COMBINING ACUTE ACCENT}", 1),
        ("سِينِمَا", 5),  # each letter with its vowel sign is one
        ("हिन्दी", 2),  # the conjunct न्दी is one, as UAX #29 has it since Unicode 15.1
        ("한국", 2),
        ("\u1112\u1161\u11ab", 1),
        ("映画", 2),
        ("\r\n", 1),
        ("", 0),
    ],
)
def test_a_grapheme_is_what_a_reader_takes_for_one_character(text: str, count: int) -> None:
    assert graphemes(text) == count


def test_a_text_of_emoji_families_is_as_long_as_it_looks() -> None:
    assert clean(FAMILY * 10, 10) == FAMILY * 10
    with pytest.raises(TooLong):
        clean(FAMILY * 11, 10)


def test_a_text_at_the_limit_is_kept_and_one_past_it_is_refused_whole() -> None:
    assert clean("ن" * 300, 300) == "ن" * 300
    with pytest.raises(TooLong, match="the question is longer than 300"):
        clean("ن" * 301, 300, "the question")


def test_a_pile_of_marks_on_one_letter_is_refused_since_it_would_be_painted_over_the_page() -> None:
    marks = "\N{COMBINING TILDE OVERLAY}" * MARKS_LIMIT
    assert clean("z" + marks, 10) == "z" + marks
    with pytest.raises(Invalid, match=f"the name has a letter with more than {MARKS_LIMIT} marks"):
        clean("z" + marks + marks[0], 10, "the name")


def test_a_grapheme_without_end_counts_by_its_bytes() -> None:
    chain = "\u200d".join("👩" * (10 * BYTES_PER_GRAPHEME))
    assert graphemes(chain) == 1
    with pytest.raises(TooLong):
        clean(chain, 10)


def test_the_bound_on_marks_leaves_room_for_real_scripts() -> None:
    for text in (FAMILY, SCOTLAND, "क्ष्म्य", "ကြွ", "ཧཱུྃ"):
        assert clean(text * 20, 20 * graphemes(text)) == text * 20


def test_what_turns_the_rest_of_a_page_around_is_taken_out() -> None:
    around = "\u202eabc\u202c \u2067def\u2069"
    assert clean(around, 20) == "abc def"


def test_what_shapes_arabic_and_persian_words_stays() -> None:
    assert clean("می‌خواهم", 20) == "می‌خواهم"  # with its zero-width non-joiner
    assert clean("a\u200fb", 20) == "a\u200fb"


def test_controls_go_and_line_feeds_and_tabs_stay() -> None:
    assert clean("\x00one\x07\r\ntwo\tthree\x1b[31m\u2028\x85", 50) == "one\ntwo\tthree[31m"


def test_half_a_surrogate_pair_is_taken_out() -> None:
    assert clean("a\ud83db", 10) == "ab"


def test_hidden_tags_go_and_the_flags_made_of_them_stay() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    assert clean(f"hello{hidden}", 20) == "hello"
    assert clean(f"\N{WAVING BLACK FLAG}{hidden}", 20) == "\N{WAVING BLACK FLAG}"
    assert clean(SCOTLAND, 1) == SCOTLAND


def test_a_kept_text_is_nfc_also_where_something_was_taken_out() -> None:
    assert clean("cine\N{COMBINING ACUTE ACCENT}", 10) == "cin\u00e9"
    for text in ("e\x00\N{COMBINING ACUTE ACCENT}", "e\u202a\N{COMBINING ACUTE ACCENT}"):
        assert unicodedata.is_normalized("NFC", clean(text, 10))


@pytest.mark.parametrize(
    "text", ["", "  \n\t ", "\u00a0\u3000", "\u200b", "\u200d\ufe0f", "\u3164", "\u202e\u202c", "\x00", "\u2060\u00ad", "\u2800"]
)
def test_a_text_with_nothing_to_see_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="the name is empty"):
        clean(text, 10, "the name")


@pytest.mark.parametrize(
    ("tag", "usual"),
    [
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("ZH-HANS", "zh-Hans"),
        ("es-419", "es-419"),
        ("ca-VALENCIA", "ca-valencia"),
        ("yue", "yue"),
        ("sr-LATN-rs-EKAVSK", "sr-Latn-RS-ekavsk"),
    ],
)
def test_a_language_tag_gets_its_usual_case(tag: str, usual: str) -> None:
    assert language(tag) == usual
    assert language(usual) == usual


@pytest.mark.parametrize(
    "tag", ["", "e", "english", "en_US", "en-", "-en", "en-US\n", "еn", "en US", "en--US", "../en", "en" + "-abcde" * 6]
)
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(Invalid):
        language(tag)
