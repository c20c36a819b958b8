"""What is saved is read by programs that others wrote: webvtt-py, pycaption, ttconv; every line, at its time, in its direction."""

import xml.etree.ElementTree as ET
from html import unescape
from unicodedata import normalize

import pycaption
import pytest
import ttconv.imsc.reader
import ttconv.isd
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from ttconv.model import Br, ContentDocument, P, Text
from ttconv.style_properties import DirectionType, StyleProperties

from sessions.errors import RuleError
from sessions.text import clean
from translation.formats import Line, srt
from translation.formats import webvtt as write_webvtt
from translation.lines import LRM, RLM, directed
from translation.ttml import ttml

ZERO = 1_700_000_000_000
TALK = [
    ("en", "Amina", "Good evening <everyone> & welcome to the summit, where the future of film is discussed."),
    ("en", "Amina", "Let us begin."),
    ("en", "Omar", "Thank you. شكراً لكم!"),
    ("ar", "ليلى", "أهلاً بكم في مهرجان Cannes السينمائي."),
    ("ar", "ليلى", "Netflix تموّل هذا الفيلم."),
    ("zh", None, "感谢主席。我们今天谈论电影的未来，以及不同文化之间的对话。"),
    ("he", "דנה", "ערב טוב 🎬 לכולם."),
]
LINES = [
    Line(number, text, lang, ZERO + number * 2000, ZERO + number * 2000 + 1500, speaker)
    for number, (lang, speaker, text) in enumerate(TALK, 1)
]


def said(text: str) -> str:
    """Without what only says how to show it."""
    text = normalize("NFKC", text)
    return "".join(letter for letter in text.removeprefix(RLM).removeprefix(LRM).removeprefix("- ") if letter not in f" \n{RLM}{LRM}")


EXPECTED = [said(line.text) for line in LINES]
STARTS = [line.start - ZERO for line in LINES]


def model(text: str) -> ContentDocument:
    document = ttconv.imsc.reader.to_model(ET.ElementTree(ET.fromstring(text)))
    assert document is not None
    return document


def paragraphs(document: ContentDocument) -> list[P]:
    body = document.get_body()
    assert body is not None
    return [element for element in body.dfs_iterator() if isinstance(element, P)]


def text_of(paragraph: P) -> str:
    parts = (part for part in paragraph.dfs_iterator() if isinstance(part, Text | Br))
    return "".join("\n" if isinstance(part, Br) else part.get_text() for part in parts)


def test_webvtt_is_read_by_webvtt_py() -> None:
    captions = list(webvtt.from_string(write_webvtt(LINES, "en", ZERO)))
    assert [said(unescape(caption.text)) for caption in captions] == EXPECTED
    assert [round(caption.start_in_seconds * 1000) for caption in captions] == pytest.approx(STARTS, abs=1000)
    assert [caption.voice for caption in captions][:3] == ["Amina", "Amina", "Omar"]


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning", "ignore:Call to deprecated:DeprecationWarning")  # pycaption is so
@pytest.mark.parametrize("format", ["srt", "ttml"])
def test_subrip_and_ttml_are_read_by_pycaption(format: str) -> None:
    reader, text = (pycaption.SRTReader(), srt(LINES, ZERO)) if format == "srt" else (pycaption.DFXPReader(), ttml(LINES, "en", ZERO))
    assert reader.detect(text)
    captions = reader.read(text)
    (lang,) = captions.get_languages()
    read = captions.get_captions(lang)
    assert [said(caption.get_text()) for caption in read] == EXPECTED
    assert [caption.start // 1000 for caption in read] == STARTS


def test_ttml_is_a_model_of_imsc_for_ttconv() -> None:
    document = model(ttml(LINES, "en", ZERO))
    found = paragraphs(document)
    assert [said(text_of(paragraph)) for paragraph in found] == EXPECTED
    assert [float(paragraph.get_begin() or 0) * 1000 for paragraph in found] == STARTS
    assert [paragraph.get_lang() for paragraph in found] == [line.lang for line in LINES]
    rtl = [paragraph.get_style(StyleProperties.Direction) is DirectionType.rtl for paragraph in found]
    assert rtl == [line.lang in ("ar", "he") for line in LINES]
    times = ttconv.isd.ISD.significant_times(document)
    assert [float(time) * 1000 for time in times][1:3] == [STARTS[0], STARTS[0] + 1500]


def test_a_dash_says_that_somebody_else_speaks() -> None:
    texts = [block.split("\n", 2)[2] for block in srt(LINES, ZERO).strip().split("\n\n")]
    assert [text.lstrip(RLM + LRM).startswith("- ") for text in texts] == [False, False, True, True, False, False, True]


def test_a_row_begins_in_its_languages_direction() -> None:
    assert directed("Netflix تموّل هذا الفيلم.", "ar") == RLM + "Netflix تموّل هذا الفيلم."
    assert directed("شكراً, she said.", "en") == LRM + "شكراً, she said."
    assert directed("Hello.\nשלום.", "he") == RLM + "Hello.\nשלום."
    assert directed("2026: ...", "ar") == "2026: ..."
    assert directed("Salaam.", "ar-Latn") == "Salaam."


def cleaned(text: str) -> str | None:
    try:
        return clean(text, 500)
    except RuleError:
        return None


@given(st.lists(st.text(max_size=60).map(cleaned).filter(bool), min_size=1, max_size=4))
def test_whatever_may_be_said_is_well_formed(texts: list[str]) -> None:
    lines = [Line(number, text, "en", ZERO + number, ZERO + number + 1, text[:20]) for number, text in enumerate(texts)]
    assert len(paragraphs(model(ttml(lines, "en", ZERO)))) == len(texts)


def test_no_lines_make_a_file_without_captions() -> None:
    assert paragraphs(model(ttml([], "en", ZERO))) == []
