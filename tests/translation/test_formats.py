"""Transcripts are files that players read."""

import pytest

from translation.formats import Line, plain, segmented, srt, webvtt

ZERO = 1_700_000_000_000
LINES = [
    Line(3, "Good evening <everyone> & welcome.", "en", ZERO + 1_500, ZERO + 4_000, "Amina\n<i>"),
    Line(4, "Let us begin.", "en", ZERO + 3_600_000, ZERO + 3_602_005, "Amina\n<i>"),
    Line(7, "谢谢主席。", "zh", ZERO + 3_700_000, ZERO + 3_701_000),
]


def test_webvtt_escapes_markup_and_names_the_voice() -> None:
    assert webvtt(LINES[:1], "en", ZERO) == (
        "WEBVTT\nLanguage: en\n\n3\n00:00:01.500 --> 00:00:04.000\n<v Amina &lt;i&gt;>Good evening &lt;everyone&gt; &amp; welcome.\n"
    )


def test_a_line_cannot_end_its_cue_or_begin_another() -> None:
    line = Line(1, "one\n\n00:00:00.000 --> 00:01:00.000\ntwo --> three", "en", ZERO, ZERO + 1)
    cue = webvtt([line], "en", ZERO).split("\n\n", 1)[1]
    assert "\n\n" not in cue
    assert cue.count("-->") == 1


def test_subrip_counts_from_one_with_commas() -> None:
    assert srt(LINES, ZERO).startswith(
        "1\n00:00:01,500 --> 00:00:04,000\nGood evening ＜everyone＞ & welcome.\n\n2\n01:00:00,000 --> 01:00:02,005\n"
    )


def test_subrip_shows_brackets_that_players_would_take_for_styling() -> None:
    line = Line(1, r"<b>5 < 6 > 4</b> {\an8} <3 <i", "en", ZERO, ZERO + 1)
    assert srt([line], ZERO).splitlines()[2] == r"＜b＞5 < 6 > 4＜/b＞ ｛\an8｝ <3 ＜i"


@pytest.mark.parametrize(("text", "lang", "most"), [("a long correction " * 20, "en", 42), ("很长的更正，" * 40, "zh-Hans", 16)])
def test_a_line_longer_than_a_caption_becomes_several_with_ids_of_their_own(text: str, lang: str, most: int) -> None:
    parts = list(segmented([Line(5, text, lang, ZERO, ZERO + 9_000, "Amina")]))
    blocks = [block.splitlines() for block in webvtt(parts, lang, ZERO).split("\n\n")[1:]]
    assert [block[0] for block in blocks[:2]] == ["5", "5-2"]
    assert all(len(rows) <= 2 and max(map(len, rows)) <= most for _, _, *rows in (map(_unvoiced, block) for block in blocks))
    assert "".join(part.text for part in parts).replace(" ", "") == text.replace(" ", "")
    assert parts[-1].end == ZERO + 9_000


def _unvoiced(row: str) -> str:
    return row.removeprefix("<v Amina>")


def test_times_before_the_start_stand_at_it_and_no_cue_is_empty() -> None:
    early = Line(1, "Hello.", "en", ZERO - 9_000, ZERO - 8_000)
    assert "00:00:00.000 --> 00:00:00.001" in webvtt([early], "en", ZERO)


def test_plain_text_names_a_speaker_where_they_begin() -> None:
    assert plain(LINES) == "Amina <i>:\nGood evening <everyone> & welcome.\nLet us begin.\n谢谢主席。\n"


def test_no_lines_make_files_without_cues() -> None:
    assert (webvtt([], "en", ZERO), srt([], ZERO), plain([])) == ("WEBVTT\nLanguage: en\n", "", "")
