import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.relay import BadFragment
from realtime.relay.answer import Transport
from realtime.relay.fragment import MAX_FRAGMENT, read_fragment, write_fragment
from realtime.relay.ice import Credentials, IceSession
from realtime.relay.offer import read_offer
from tests.realtime.relay.test_offer import GOOD

CREDENTIALS = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
CANDIDATE = "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
MEDIA = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"

READABLE = {
    # RFC 9725 has the credentials in the section, RFC 8840 before it, and some clients in both.
    "in the section": "a=group:BUNDLE 0 1\r\n" + MEDIA + CREDENTIALS + CANDIDATE + "a=end-of-candidates\r\n",
    "before the section": "a=ice-options:trickle ice2\r\n" + CREDENTIALS + MEDIA + CANDIDATE,
    "in both": CREDENTIALS + MEDIA + CREDENTIALS + CANDIDATE,
    "no section": CREDENTIALS,
    "line ends of one character": (CREDENTIALS + MEDIA + CANDIDATE).replace("\r\n", "\n"),
    "a hidden address": CREDENTIALS + MEDIA + CANDIDATE.replace("192.0.2.1", "0b6e4a3c-7a0f-4f0e-9f0e-3b1a2c4d5e6f.local"),
    "over TCP": CREDENTIALS + MEDIA + "a=candidate:473322822 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active\r\n",
    "a whole description": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns= \r\nt=0 0\r\n" + CREDENTIALS + MEDIA + CANDIDATE,
}
MALFORMED = {
    "nothing": "",
    "not SDP": '{"candidate": "1"}',
    "a name without a password": "a=ice-ufrag:EsAw\r\n" + MEDIA,
    "a password without a name": "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n" + MEDIA,
    "an empty name": CREDENTIALS.replace("EsAw", ""),
    "a name too short": CREDENTIALS.replace("EsAw", "Es"),
    "a name that is no ICE text": CREDENTIALS.replace("EsAw", "É s A w"),
    "two names": CREDENTIALS + MEDIA + CREDENTIALS.replace("EsAw", "another"),
    "a section cut off": CREDENTIALS + "m=audio 9\r\n",
    "a candidate cut off": CREDENTIALS + MEDIA + "a=candidate:1387637174 1 udp\r\n",
    "a candidate without a type": CREDENTIALS + MEDIA + CANDIDATE.replace("typ", "type"),
    "longer than may be": CREDENTIALS + MEDIA + "a=x:" + "y" * MAX_FRAGMENT,
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE.keys())
def test_a_fragment_tells_whose_candidates_it_brings(text: str) -> None:
    assert read_fragment(text) == Credentials("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")


def test_a_fragment_without_credentials_only_brings_candidates() -> None:
    assert read_fragment(MEDIA + CANDIDATE) is None


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_fragment_is_refused(text: str) -> None:
    with pytest.raises(BadFragment):
        read_fragment(text)


@given(st.lists(st.sampled_from([*CREDENTIALS.splitlines(), *MEDIA.splitlines(), CANDIDATE.strip()]) | st.text(), max_size=8))
def test_whatever_comes_is_read_or_refused(lines: list[str]) -> None:
    try:
        found = read_fragment("\r\n".join(lines))
    except BadFragment:
        return
    assert found is None or found.readable


def test_the_answer_to_a_restart_is_a_fragment_of_the_bundles_first_section() -> None:
    ice = IceSession()
    sections, transport = read_offer(GOOD, "sends").sections, Transport(ice.local, "AA", ["192.0.2.1", "2001:db8::1"], 5004)
    text = write_fragment(sections, transport, tcp=True)
    assert text.startswith(
        "a=ice-lite\r\na=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    )
    assert read_fragment(text) == ice.local
    told = [line.split()[2:5:2] for line in text.splitlines() if line.startswith("a=candidate:")]
    assert told == [[protocol, address] for protocol in ("udp", "tcp") for address in ("192.0.2.1", "2001:db8::1")]
    assert text.endswith("a=end-of-candidates\r\n")
    assert text.count("m=") == 1
    assert write_fragment(sections, transport, tcp=False) == "".join(line for line in text.splitlines(keepends=True) if " tcp " not in line)


def test_only_new_credentials_restart_and_half_of_them_are_refused() -> None:
    ice, first, second = IceSession(), Credentials("abcd", "1" * 22), Credentials("efgh", "2" * 22)
    ice.begin(first)
    assert not ice.restarted_by(None)
    assert not ice.restarted_by(first)
    for half in (Credentials("abcd", "2" * 22), Credentials("efgh", "1" * 22)):
        with pytest.raises(BadFragment):
            ice.restarted_by(half)
    assert ice.restarted_by(second)
    etag = ice.etag
    ice.restart(second)
    assert ice.etag != etag
    # Late candidates of the session before must not bring it back.
    assert not ice.restarted_by(first)


def test_the_old_session_is_answered_until_the_new_one_is_checked() -> None:
    ice = IceSession()
    old = ice.local
    ice.begin(Credentials("abcd", "1" * 22))
    assert ice.restart(Credentials("efgh", "2" * 22)) == ()
    between = ice.local
    assert ice.ufrags == {old.ufrag, between.ufrag}
    assert ice.restart(Credentials("ijkl", "3" * 22)) == (between.ufrag,)
    assert (ice.password(old.ufrag), ice.password(ice.local.ufrag)) == (old.password, ice.local.password)
    assert ice.checked(old.ufrag) == ()
    assert ice.checked(ice.local.ufrag) == (old.ufrag,)
    assert ice.ufrags == {ice.local.ufrag}
