"""The eighteen delegations of the summit, and where it stands when the demo begins."""

from server.demo.leaders import texts
from sessions.motions import Motion, counted
from sessions.programme import Seat
from sessions.speeches import Speech
from sessions.summit import Account, Summit

SECOND = 1_000

SEATS = [
    Seat(id="ar", names=texts("Argentina", "Argentina", "Argentine", "الأرجنتين", "阿根廷")),
    Seat(id="br", names=texts("Brazil", "Brasil", "Brésil", "البرازيل", "巴西")),
    Seat(id="ca", names=texts("Canada", "Canadá", "Canada", "كندا", "加拿大")),
    Seat(id="cn", names=texts("China", "China", "Chine", "الصين", "中国")),
    Seat(id="eg", names=texts("Egypt", "Egipto", "Égypte", "مصر", "埃及")),
    Seat(id="fr", names=texts("France", "Francia", "France", "فرنسا", "法国")),
    Seat(id="in", names=texts("India", "India", "Inde", "الهند", "印度")),
    Seat(id="id", names=texts("Indonesia", "Indonesia", "Indonésie", "إندونيسيا", "印度尼西亚")),
    Seat(id="it", names=texts("Italy", "Italia", "Italie", "إيطاليا", "意大利")),
    Seat(id="jp", names=texts("Japan", "Japón", "Japon", "اليابان", "日本")),
    Seat(id="ke", names=texts("Kenya", "Kenia", "Kenya", "كينيا", "肯尼亚")),
    Seat(id="kr", names=texts("Republic of Korea", "República de Corea", "République de Corée", "جمهورية كوريا", "韩国")),
    Seat(id="ma", names=texts("Morocco", "Marruecos", "Maroc", "المغرب", "摩洛哥")),
    Seat(id="mx", names=texts("Mexico", "México", "Mexique", "المكسيك", "墨西哥")),
    Seat(id="ng", names=texts("Nigeria", "Nigeria", "Nigéria", "نيجيريا", "尼日利亚")),
    Seat(id="no", names=texts("Norway", "Noruega", "Norvège", "النرويج", "挪威")),
    Seat(id="pl", names=texts("Poland", "Polonia", "Pologne", "بولندا", "波兰")),
    Seat(id="tr", names=texts("Türkiye", "Turquía", "Türkiye", "تركيا", "土耳其")),
]

ABSENT = ("it", "pl")

SPENT = {"fr": 171, "cn": 152, "br": 164, "eg": 118}
"""Seconds spoken so far."""


def summit(now: int) -> Summit:
    """Four have spoken, Nigeria speaks since half a minute, three ask to be next; Chinese is six seconds behind."""
    accounts = {seat.id: Account(SPENT.get(seat.id, 0) * SECOND, present=seat.id not in ABSENT) for seat in SEATS}
    for number, seat in enumerate(("br", "in", "mx")):
        accounts[seat].asked_at = now - (90 - number * 20) * SECOND
    speech = Speech(seat="ng", state="speaking", limit=180 * SECOND, since=now - 30 * SECOND)
    return Summit(accounts, speech=speech, lags={"es": 3 * SECOND, "zh": 6 * SECOND})


def motions() -> list[Motion]:
    """One that was carried already."""
    present = [seat.id for seat in SEATS if seat.id not in ABSENT]
    motion = Motion(
        id="open-archives",
        texts=texts(
            "That a tenth of every restoration fund be spent on films without a rights holder.",
            "Que una décima parte de cada fondo de restauración se destine a películas sin titular de derechos.",
            "Qu'un dixième de chaque fonds de restauration soit consacré aux films sans ayant droit.",
            "أن يُخصَّص عُشر كل صندوق ترميم للأفلام التي لا مالك لحقوقها.",
            "将每项修复基金的十分之一用于没有权利人的影片。",
        ),
        majority="two_thirds",
        order=1,
        entitled=present,
        seats=len(SEATS),
        state="closed",
        votes={seat: "abstain" if seat in ("jp", "ca") else "no" if seat == "no" else "yes" for seat in present if seat != "tr"},
    )
    motion.division = counted(motion)
    return [motion]
