"""The summit's polls: one that runs, with ballots in it, and a draft for the speaker to open."""

from server.demo.leaders import texts
from sessions.kinds.form import Form, Option, Rules
from sessions.polls import Poll, poll

OPENED_BEFORE = 300_000
"""Ms for which the running poll has been open."""


def polls(now: int) -> list[Poll]:
    return [_first_million(now), _working_groups()]


def _first_million(now: int) -> Poll:
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
    question = texts(
        "Where should the common fund spend its first million?",
        "¿En qué debería gastar el fondo común su primer millón?",
        "À quoi le fonds commun devrait-il consacrer son premier million ?",
        "فيمَ ينبغي أن ينفق الصندوق المشترك مليونه الأول؟",
        "共同基金的第一个一百万应该用在哪里？",
    )
    return poll(
        "first-million",
        Form(kind="single", texts=question, options=options, results_visibility="always"),
        1,
        {f"guest-{number:03}": ballot for number, ballot in enumerate(choices)},
        state="open",
        opened_at=now - OPENED_BEFORE,
    )


def _working_groups() -> Poll:
    options = [
        Option("consent", texts("Digital doubles", "Dobles digitales", "Doubles numériques", "النسخ الرقمية", "数字替身")),
        Option("treaties", texts("Co-production", "Coproducción", "Coproduction", "الإنتاج المشترك", "跨国合拍")),
        Option("languages", texts("Languages", "Lenguas", "Langues", "اللغات", "语言")),
        Option("young", texts("Young crews", "Equipos jóvenes", "Jeunes équipes", "الفرق الشابة", "青年团队")),
        Option("green", texts("Greener shoots", "Rodajes sostenibles", "Tournages durables", "تصوير أقل أثرًا على البيئة", "绿色拍摄")),
    ]
    question = texts(
        "Which working groups would you join? Choose up to three.",
        "¿A qué grupos de trabajo se uniría? Elija hasta tres.",
        "Quels groupes de travail rejoindriez-vous ? Choisissez-en trois au plus.",
        "إلى أي مجموعات العمل تودّ الانضمام؟ اختر ثلاثًا على الأكثر.",
        "您愿意加入哪些工作组？最多选三项。",
    )
    return poll("working-groups", Form(kind="multiple", texts=question, options=options, rules=Rules(max_choices=3)), 2)
