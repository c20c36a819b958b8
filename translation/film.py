"""The words of film that engines get wrong, in the languages of the conference: every session has them under its own."""

from translation.glossary import Glossary, Term


def _term(en: str, es: str, fr: str, zh: str, ar: str) -> Term:
    return Term(texts={"en": en, "es": es, "fr": fr, "zh": zh, "ar": ar})


_TERMS = [
    _term("screening|screenings", "proyección|proyecciones", "projection|projections", "放映", "عرض|عروض"),
    _term("filmmaker|filmmakers", "cineasta|cineastas", "cinéaste|cinéastes", "电影人", "صانع أفلام|صنّاع أفلام"),
    _term("screenplay|screenplays", "guion|guiones", "scénario|scénarios", "剧本", "سيناريو|سيناريوهات"),
    _term(
        "screenwriter|screenwriters",
        "guionista|guionistas",
        "scénariste|scénaristes",
        "编剧",
        "كاتب سيناريو|كتّاب سيناريو",
    ),
    _term(
        "cinematographer|cinematographers",
        "director de fotografía|directores de fotografía",
        "chef opérateur|chefs opérateurs",
        "摄影指导",
        "مدير تصوير|مديرو تصوير",
    ),
    _term(
        "feature film|feature films",
        "largometraje|largometrajes",
        "long métrage|longs métrages",
        "剧情长片",
        "فيلم طويل|أفلام طويلة",
    ),
    _term(
        "short film|short films",
        "cortometraje|cortometrajes",
        "court métrage|courts métrages",
        "短片",
        "فيلم قصير|أفلام قصيرة",
    ),
    _term("box office", "taquilla", "box-office", "票房", "شباك التذاكر"),
    _term("world premiere", "estreno mundial", "première mondiale", "全球首映", "العرض العالمي الأول"),
    _term("rough cut", "premontaje", "premier montage", "粗剪", "مونتاج أولي"),
    _term("final cut", "montaje final", "montage final", "最终剪辑", "المونتاج النهائي"),
    _term("dubbing", "doblaje", "doublage", "配音", "دبلجة"),
    _term("subtitles", "subtítulos", "sous-titres", "字幕", "ترجمة نصية"),
    _term("close-up|close-ups", "primer plano|primeros planos", "gros plan|gros plans", "特写", "لقطة قريبة|لقطات قريبة"),
    _term(
        "tracking shot|tracking shots",
        "trávelin|trávelins",
        "travelling|travellings",
        "跟拍镜头",
        "لقطة تتبع|لقطات تتبع",
    ),
    _term(
        "co-production|co-productions",
        "coproducción|coproducciones",
        "coproduction|coproductions",
        "联合制作",
        "إنتاج مشترك",
    ),
    _term("post-production", "posproducción", "postproduction", "后期制作", "ما بعد الإنتاج"),
    _term(
        "film festival|film festivals",
        "festival de cine|festivales de cine",
        "festival de cinéma|festivals de cinéma",
        "电影节",
        "مهرجان سينمائي",
    ),
    _term("visual effects", "efectos visuales", "effets visuels", "视觉特效", "المؤثرات البصرية"),
    _term("storyboard|storyboards", "guion gráfico|guiones gráficos", "story-board|story-boards", "分镜脚本", "لوحة القصة"),
    _term(
        "sound designer|sound designers",
        "diseñador de sonido|diseñadores de sonido",
        "concepteur sonore|concepteurs sonores",
        "声音设计师",
        "مصمم صوت",
    ),
    _term(
        "casting director|casting directors",
        "director de casting|directores de casting",
        "directeur de casting|directeurs de casting",
        "选角导演",
        "مدير اختيار الممثلين",
    ),
    _term("streaming rights", "derechos de streaming", "droits de diffusion en continu", "流媒体版权", "حقوق البث الرقمي"),
    _term(
        "film score|film scores",
        "banda sonora|bandas sonoras",
        "musique de film|musiques de film",
        "电影配乐",
        "موسيقى تصويرية",
    ),
]

FILM = Glossary({f"film-{number}": term for number, term in enumerate(_TERMS)})
