"""Twelve questions the summit has been asked in five languages; nine are published, with translations made by hand."""

from sessions.questions import Question, State

MINUTE = 60_000


def questions(now: int) -> list[Question]:
    """The questions at `now` (ms since 1970), oldest first. Their voters are guests who never come back."""
    return [_question(number, now, *asked) for number, asked in enumerate(_ASKED)]


def _question(
    number: int,
    now: int,
    lang: str,
    name: str | None,
    votes: int,
    state: State,
    text: str,
    others: dict[str, str],
    answer: str | None = None,
) -> Question:
    return Question(
        id=f"demo-q{number + 1:02}",
        author=f"guest-{number:03}",
        author_name=name,
        text=text,
        lang=lang,
        asked_at=now - (len(_ASKED) - number) * MINUTE // 2,
        state=state,
        answer_state="unanswered" if answer is None else "answered",
        answer=answer,
        answer_lang=None if answer is None else "en",
        translations=others,
        votes={f"guest-{voter:03}" for voter in range(100, 100 + votes)},
    )


_Asked = tuple[str, str | None, int, State, str, dict[str, str]] | tuple[str, str | None, int, State, str, dict[str, str], str]

_ASKED: list[_Asked] = [
    (
        "en",
        "Oluwaseun P.",
        41,
        "published",
        "Where will the money for a second film come from, now that platforms buy fewer first ones?",
        {
            "es": "¿De dónde saldrá el dinero para una segunda película, ahora que las plataformas compran menos óperas primas?",
            "fr": "D'où viendra l'argent d'un deuxième film, maintenant que les plateformes achètent moins de premiers films ?",
            "ar": "من أين سيأتي تمويل الفيلم الثاني بعد أن صارت المنصات تشتري عددًا أقل من الأفلام الأولى؟",
            "zh": "如今各平台收购的处女作越来越少，第二部电影的资金将从哪里来？",
        },
    ),
    (
        "es",
        "Rocío Andrade",
        33,
        "published",
        "¿Cómo protegemos las salas independientes de las ciudades pequeñas?",
        {
            "en": "How do we protect independent cinemas in small towns?",
            "fr": "Comment protéger les salles indépendantes des petites villes ?",
            "ar": "كيف نحمي دور العرض المستقلة في المدن الصغيرة؟",
            "zh": "我们如何保护小城市的独立影院？",
        },
    ),
    (
        "ar",
        "هدى",
        38,
        "published",
        "هل ستكون الترجمة الحيّة متاحة بجميع لغات المشاركين في الدورات المقبلة؟",
        {
            "en": "Will live translation be available in all of the participants' languages at future editions?",
            "es": "¿Habrá traducción en directo a todas las lenguas de los participantes en las próximas ediciones?",
            "fr": "La traduction en direct sera-t-elle proposée dans toutes les langues des participants lors des prochaines éditions ?",
            "zh": "今后各届大会是否会为与会者的所有语言提供实时翻译？",
        },
    ),
    (
        "fr",
        "Anaïs",
        22,
        "published",
        "Les archives publiques devraient-elles autoriser l'entraînement de modèles sur les films qu'elles conservent ?",
        {
            "en": "Should public archives allow models to be trained on the films they preserve?",
            "es": "¿Deberían los archivos públicos permitir que se entrenen modelos con las películas que conservan?",
            "ar": "هل ينبغي للأرشيفات العامة أن تسمح بتدريب النماذج على الأفلام التي تحفظها؟",
            "zh": "公共电影资料馆是否应允许用其馆藏影片训练模型？",
        },
    ),
    (
        "zh",
        "林晓舟",
        27,
        "published",
        "在引入虚拟制片之后，中小成本影片真的省钱了吗？",
        {
            "en": "Has virtual production really made small and mid-budget films cheaper?",
            "es": "¿De verdad la producción virtual ha abaratado las películas de presupuesto pequeño y medio?",
            "fr": "La production virtuelle a-t-elle vraiment fait baisser le coût des films à petit et moyen budget ?",
            "ar": "هل وفّر الإنتاج الافتراضي المال فعلًا على الأفلام ذات الميزانيات الصغيرة والمتوسطة؟",
        },
    ),
    (
        "en",
        None,
        19,
        "published",
        "What would you tell a screenwriter whose language has no film school?",
        {
            "es": "¿Qué le dirían a una persona que escribe guiones en una lengua sin escuela de cine?",
            "fr": "Que diriez-vous à quelqu'un qui écrit des scénarios dans une langue sans école de cinéma ?",
            "ar": "ماذا تقولون لكاتب سيناريو لا توجد بلغته مدرسة للسينما؟",
            "zh": "如果一位编剧的母语没有电影学校，您会对他说些什么？",
        },
        "Write in it first, and translate second. The fund for translated screenplays opens in January.",
    ),
    (
        "es",
        "Iñaki",
        14,
        "published",
        "¿Qué parte del presupuesto debería reservarse desde el principio para subtítulos y audiodescripción?",
        {
            "en": "What share of the budget should be set aside from the start for subtitles and audio description?",
            "fr": "Quelle part du budget faudrait-il réserver dès le départ au sous-titrage et à l'audiodescription ?",
            "ar": "ما النسبة التي ينبغي تخصيصها من الميزانية منذ البداية للترجمة النصية والوصف الصوتي؟",
            "zh": "从一开始，预算中应留出多大比例用于字幕和口述影像？",
        },
    ),
    (
        "en",
        "Tui",
        11,
        "published",
        "Can a co-production treaty protect the place a story comes from, and not only the money?",
        {
            "es": "¿Puede un tratado de coproducción proteger el lugar del que nace una historia, y no solo el dinero?",
            "fr": "Un accord de coproduction peut-il protéger le lieu d'où vient une histoire, et pas seulement l'argent ?",
            "ar": "هل يمكن لاتفاقية إنتاج مشترك أن تحمي المكان الذي تنبع منه الحكاية، لا المال وحده؟",
            "zh": "合拍协定能否不仅保护资金，也保护故事的发源地？",
        },
    ),
    (
        "es",
        None,
        6,
        "published",
        "¿Publicarán los fondos quién decide y con qué criterios?",
        {
            "en": "Will the funds publish who decides, and by which criteria?",
            "fr": "Les fonds publieront-ils qui décide, et selon quels critères ?",
            "ar": "هل ستعلن الصناديق من يتخذ القرار ووفق أي معايير؟",
            "zh": "各基金会是否会公布由谁决策、依据什么标准？",
        },
    ),
    ("ar", "سامي", 0, "pending", "كيف يمكن لمخرجة شابة من خارج العواصم أن تصل إلى هذه الصناديق؟", {}),
    ("zh", None, 0, "pending", "各国资料馆能否共享修复技术和设备？", {}),
    ("fr", "Koffi", 0, "pending", "Qui paie l'interprétation quand une coproduction se tourne en quatre langues ?", {}),
]
