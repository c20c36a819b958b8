"""Transcripts as TTML in the IMSC 1.1 text profile (W3C), which broadcasters and players of films take. Times are ms since `zero`."""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

import regex

from translation.formats import Line, dashed, row_of, span
from translation.lines import is_rtl, wrap

PROFILE = "http://www.w3.org/ns/ttml/profile/imsc1.1/text"

_TT = "http://www.w3.org/ns/ttml"
_PREFIXES = {"": "", "ttp": "#parameter", "tts": "#styling", "ttm": "#metadata"}
_XML = "http://www.w3.org/XML/1998/namespace"
# What XML 1.0 cannot hold (section 2.2).
_FORBIDDEN = regex.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def ttml(lines: Iterable[Line], lang: str, zero: int) -> str:
    """A TTML file: captions at the bottom, a speaker as agent, a direction for each line by its language."""
    lines = list(lines)
    root = ET.Element("tt", _named({"xml:lang": lang, "ttp:timeBase": "media", "ttp:contentProfiles": PROFILE}))
    agents = _head(root, lines)
    body = ET.SubElement(root, _tag("body"), {"region": "bottom", "style": "caption"})
    division = ET.SubElement(body, _tag("div"))
    for line, text in dashed(lines):
        division.append(_paragraph(line, text, agents, zero))
    root.tag = _tag("tt")
    for prefix, part in _PREFIXES.items():
        ET.register_namespace(prefix, _TT + part)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _head(root: ET.Element, lines: Sequence[Line]) -> dict[str, str]:
    """Agents' ids by speaker."""
    head = ET.SubElement(root, _tag("head"))
    metadata = ET.SubElement(head, _tag("metadata"))
    agents: dict[str, str] = {}
    for speaker in dict.fromkeys(line.speaker for line in lines if line.speaker):
        agents[speaker] = id = f"speaker{len(agents) + 1}"
        agent = ET.SubElement(metadata, _tag("ttm:agent"), _named({"xml:id": id, "type": "person"}))
        ET.SubElement(agent, _tag("ttm:name"), {"type": "full"}).text = _legal(row_of(speaker))
    styling = ET.SubElement(head, _tag("styling"))
    style = {"xml:id": "caption", "tts:textAlign": "center", "tts:color": "white", "tts:backgroundColor": "#000000c0"}
    ET.SubElement(styling, _tag("style"), _named(style))
    layout = ET.SubElement(head, _tag("layout"))
    region = {"xml:id": "bottom", "tts:origin": "10% 75%", "tts:extent": "80% 20%", "tts:displayAlign": "after"}
    ET.SubElement(layout, _tag("region"), _named(region))
    return agents


def _paragraph(line: Line, text: str, agents: dict[str, str], zero: int) -> ET.Element:
    begin, _, end = span(line, zero, ".").partition(" --> ")
    named = {"xml:id": f"cue{line.id}", "xml:lang": line.lang, "begin": begin, "end": end}
    if line.speaker:
        named["ttm:agent"] = agents[line.speaker]
    if is_rtl(line.lang):
        named |= {"tts:direction": "rtl", "tts:unicodeBidi": "embed"}
    paragraph = ET.Element(_tag("p"), _named(named))
    first, *others = _legal(wrap(text, line.lang)).split("\n")
    paragraph.text = first
    for other in others:
        ET.SubElement(paragraph, _tag("br")).tail = other
    return paragraph


def _tag(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{_XML if prefix == 'xml' else _TT + _PREFIXES[prefix]}}}{local}"


def _named(attributes: dict[str, str]) -> dict[str, str]:
    return {_tag(name) if ":" in name else name: value for name, value in attributes.items()}


def _legal(text: str) -> str:
    legal: str = _FORBIDDEN.sub("", text)
    return legal
