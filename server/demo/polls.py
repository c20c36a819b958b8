"""The summit's polls: one that runs, with ballots in it, and a draft for the speaker to open."""

from collections import Counter

from server.demo.leaders import texts
from sessions.polls import Option, Poll


def polls() -> list[Poll]:
    return [_first_million(), _working_groups()]


def _first_million() -> Poll:
    options = [
        Option(
            "first-features",
            texts("First features", "Óperas primas", "Premiers longs métrages", "الأفلام الروائية الأولى", "长片处女作"),
        ),
        Option(
            "restoration",
            texts("Restoring archives", "Restaurar archivos", "Restaurer les archives", "ترميم الأرشيفات", "修复馆藏影片"),
        ),
        Option(
            "access",
            texts(
                "Subtitles and accessibility",
                "Subtítulos y accesibilidad",
                "Sous-titres et accessibilité",
                "الترجمة النصية وإتاحة المحتوى",
                "字幕与无障碍",
            ),
        ),
        Option(
            "cinemas",
            texts(
                "Cinemas outside the capitals",
                "Salas fuera de las capitales",
                "Des salles hors des capitales",
                "دور عرض خارج العواصم",
                "首都以外的影院",
            ),
        ),
    ]
    given = {"first-features": 14, "restoration": 7, "access": 11, "cinemas": 9}
    choices = [[option] for option, ballots in given.items() for _ in range(ballots)]
    return Poll(
        id="first-million",
        kind="single",
        state="open",
        texts=texts(
            "Where should the common fund spend its first million?",
            "¿En qué debería gastar el fondo común su primer millón?",
            "À quoi le fonds commun devrait-il consacrer son premier million ?",
            "فيمَ ينبغي أن ينفق الصندوق المشترك مليونه الأول؟",
            "共同基金的第一个一百万应该用在哪里？",
        ),
        options=options,
        max_choices=1,
        results="always",
        order=1,
        ballots={f"guest-{number:03}": ballot for number, ballot in enumerate(choices)},
        counts=Counter(given),
    )


def _working_groups() -> Poll:
    options = [
        Option("consent", texts("Digital doubles", "Dobles digitales", "Doubles numériques", "النسخ الرقمية", "数字替身")),
        Option("treaties", texts("Co-production", "Coproducción", "Coproduction", "الإنتاج المشترك", "跨国合拍")),
        Option("languages", texts("Languages", "Lenguas", "Langues", "اللغات", "语言")),
        Option("young", texts("Young crews", "Equipos jóvenes", "Jeunes équipes", "الفرق الشابة", "青年团队")),
        Option("green", texts("Greener shoots", "Rodajes sostenibles", "Tournages durables", "تصوير أقل أثرًا على البيئة", "绿色拍摄")),
    ]
    return Poll(
        id="working-groups",
        kind="multiple",
        state="draft",
        texts=texts(
            "Which working groups would you join? Choose up to three.",
            "¿A qué grupos de trabajo se uniría? Elija hasta tres.",
            "Quels groupes de travail rejoindriez-vous ? Choisissez-en trois au plus.",
            "إلى أي مجموعات العمل تودّ الانضمام؟ اختر ثلاثًا على الأكثر.",
            "您愿意加入哪些工作组？最多选三项。",
        ),
        options=options,
        max_choices=3,
        results="published",
        order=2,
        ballots={},
        counts=Counter(),
    )
