"""What caption tools post is read as they mean it, and nothing they post breaks the reader."""

from hypothesis import given
from hypothesis import strategies as st

from translation.posted import Posted, youtube, zoom

# The example of YouTube's own page, with the region that some tools add.
YOUTUBE = """2012-12-24T00:00:06.873
I'M
2012-12-24T00:00:06.974 region:reg1#cue1
SENDING<br>SEVERAL

2012-12-24T00:00:07,030Z
CAPTIONS
"""


def test_youtubes_lines_have_their_times() -> None:
    start = 1_356_307_200_000
    assert youtube(YOUTUBE) == [
        Posted("I'M", start + 6_873),
        Posted("SENDING SEVERAL", start + 6_974),
        Posted("CAPTIONS", start + 7_030),
    ]


def test_a_heartbeat_has_no_lines() -> None:
    assert youtube("") == youtube("2012-12-24T00:00:06.873\n") == zoom("\n") == []
    assert youtube("2012-12-24T00:00:06.873\n\u200b\n") == zoom("\ufeff\n\u2060") == []


def test_text_without_a_time_or_with_an_impossible_one_is_kept() -> None:
    assert youtube("hello\nworld") == [Posted("hello world")]
    assert youtube("2012-13-45T00:00:00.000\nhello") == [Posted("hello")]


def test_zooms_post_is_one_line() -> None:
    assert zoom("SEVERAL\\nCAPTIONS.\n") == [Posted("SEVERAL CAPTIONS.")]


@given(st.text())
def test_anything_posted_is_lines_with_something_to_see(body: str) -> None:
    for line in [*youtube(body), *zoom(body)]:
        assert line.text.strip()
        assert "\n" not in line.text
