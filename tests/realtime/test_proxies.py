"""Who is behind a proxy, and who only says so."""

import pytest

from realtime.proxies import Proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("10.9.9.9", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", ["who, knows"], "knows"),
    ],
)
def test_the_last_hop_that_is_no_proxy_of_ours_is_who_it_is(peer: str, forwarded: list[str], address: str) -> None:
    assert Proxies(["127.0.0.1", "10.0.0.0/8"]).address(peer, forwarded) == address


def test_what_is_no_address_is_no_proxy() -> None:
    with pytest.raises(ValueError, match="localhost"):
        Proxies(["localhost"])
