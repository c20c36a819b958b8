"""Where on the map a region is that people write of themselves: countries and regions as CLDR names them in the conference's languages.

An area is a region of the United Nations' M49 by its code. Whole continents are on no map, nor is what nobody can place.
"""

import re
import unicodedata
from functools import cached_property

from babel import Locale

LOCALES = ("en", "es", "fr", "ar", "zh", "pt", "it", "de", "ru", "ja")

AREAS = {
    "015": "DZ EG EH LY MA SD TN",
    "011": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "017": "AO CD CF CG CM GA GQ ST TD",
    "014": "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    "018": "BW LS NA SZ ZA",
    "021": "BM CA GL PM US 003",
    "013": "BZ CR GT HN MX NI PA SV",
    "029": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    "005": "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
    "143": "KG KZ TJ TM UZ",
    "030": "CN HK JP KP KR MN MO TW",
    "035": "BN ID KH LA MM MY PH SG TH TL VN",
    "034": "AF BD BT IN IR LK MV NP PK",
    "145": "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE",
    "151": "BG BY CZ HU MD PL RO RU SK UA",
    "154": "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
    "039": "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK",
    "155": "AT BE CH DE FR LI LU MC NL",
    "009": "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS 053 054 057 061",
}
"""What lies in each area: ISO 3166 codes, and regions that are told with it."""

MORE = {
    "usa": "021",
    "united states of america": "021",
    "uk": "154",
    "middle east": "145",
    "turkey": "145",
    "palestine": "145",
    "central africa": "017",
    "central europe": "151",
    "scandinavia": "154",
}

_SIDES = re.compile(r"\b(north|south|east|west|southeast)(?:ern|-east(?:ern)?)\b")


class Places:
    """Looks places up; the names are read when the first one is."""

    def area(self, text: str) -> str | None:
        """The area of what somebody wrote: of the whole, or of the last part before or after a comma that names one."""
        for part in (text, *reversed(text.split(","))):
            found = self._areas.get(_plain(part))
            if found is not None:
                return found
        return None

    @cached_property
    def _areas(self) -> dict[str, str]:
        area_of = {code: area for area, codes in AREAS.items() for code in (area, *codes.split())}
        named = dict(MORE)
        for locale in map(Locale.parse, LOCALES):
            for code, name in locale.territories.items():
                if code in area_of:
                    named.setdefault(_plain(name), area_of[code])
        return named


def _plain(text: str) -> str:
    """In any case and form of its letters, and in English however its side is called."""
    letters = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    folded = " ".join(letters.replace("’", "'").casefold().split())
    return _SIDES.sub(lambda match: "southeast" if "south-east" in match[0] else match[1], folded)
