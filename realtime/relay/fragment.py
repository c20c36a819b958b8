"""SDP fragments, the bodies of a PATCH (RFC 8840 section 9): candidates that come late, and ICE restarts.

A bundle has one transport, so a fragment has one pair of credentials, at its top or in each of its sections.
"""

import re
from collections.abc import Sequence

from realtime.relay.answer import ICE_OPTIONS, Transport, bundle_line, transport_lines
from realtime.relay.errors import BadFragment
from realtime.relay.ice import Credentials
from realtime.relay.offer import Section

MAX_FRAGMENT = 16 * 1024
"""Characters of one fragment: candidates for a hundred addresses. A longer one is BadFragment."""

_LINE = re.compile(r"[a-z]=.*")
_MEDIA = re.compile(r"m=[\w-]+ \d{1,5}(/\d+)? [\w/.-]+( \S+)+", re.ASCII)
_CANDIDATE = re.compile(r"a=candidate:\S{1,32} \d{1,5} \S+ \d{1,10} \S+ \d{1,5} typ \S+( .*)?", re.ASCII)
# Before its value is looked at, an attribute must have one.
_VALUED = ("a=ice-ufrag", "a=ice-pwd", "a=mid")


def read_fragment(text: str) -> Credentials | None:
    """The sender's ICE credentials, None if the fragment repeats none. Raises BadFragment.

    Candidates must be well formed and are forgotten: the relay answers checks and sends none.
    """
    if len(text) > MAX_FRAGMENT:
        raise BadFragment(f"the fragment is longer than {MAX_FRAGMENT} characters")
    lines = [line for line in text.splitlines() if line]
    if not lines:
        raise BadFragment("the fragment is empty")
    for line in lines:
        _check(line)
    ufrags, passwords = _values(lines, "a=ice-ufrag:"), _values(lines, "a=ice-pwd:")
    if not ufrags and not passwords:
        return None
    if len(ufrags) != 1 or len(passwords) != 1:
        raise BadFragment("the fragment must have one ice-ufrag and one ice-pwd")
    credentials = Credentials(ufrags.pop(), passwords.pop())
    if not credentials.readable:
        raise BadFragment("ice-ufrag or ice-pwd is not what RFC 8839 allows")
    return credentials


def write_fragment(sections: Sequence[Section], transport: Transport, *, tcp: bool) -> str:
    """The answer to an ICE restart: our new credentials and our candidates, in the bundle's first section (RFC 9725 section 4.3.3).

    Those for TCP only with `tcp`: npm's whip-whep puts a comma between two candidates of a fragment, and its browser takes neither.
    Who is on UDP restarts with that, and offers anew when it is gone.
    """
    first = sections[0]
    lines = ["a=ice-lite", f"a=ice-options:{ICE_OPTIONS}", *bundle_line(sections)]
    lines.append(f"m={first.kind} 9 {first.protocol} {first.first_format}")
    if first.mid:
        lines.append(f"a=mid:{first.mid}")
    return "\r\n".join([*lines, *transport_lines(transport, tcp=tcp)]) + "\r\n"


def _check(line: str) -> None:
    malformed = (
        not _LINE.fullmatch(line)
        or (line.startswith("m=") and not _MEDIA.fullmatch(line))
        or (line.startswith("a=candidate") and not _CANDIDATE.fullmatch(line))
        or line.rstrip(":") in _VALUED
    )
    if malformed:
        raise BadFragment("the fragment is not SDP: it has a line that cannot be read")


def _values(lines: Sequence[str], prefix: str) -> set[str]:
    return {line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)}
