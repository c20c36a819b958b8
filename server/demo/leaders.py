"""The 18 leaders of the summit. They are invented; any likeness of a name to a person's is chance."""

from sessions.programme import Speaker, Texts


def texts(en: str, es: str, fr: str, ar: str, zh: str) -> Texts:
    """One text in the five languages the demo is written in, by hand."""
    return {"en": en, "es": es, "fr": fr, "ar": ar, "zh": zh}


# Fields of work and not titles: they need no gender in any of the languages.
PRODUCTION = texts("Film production", "Producción cinematográfica", "Production de films", "الإنتاج السينمائي", "电影制片")
DIRECTING = texts("Directing", "Dirección", "Réalisation", "الإخراج", "导演")
CINEMATOGRAPHY = texts("Cinematography", "Dirección de fotografía", "Prise de vues", "التصوير السينمائي", "电影摄影")
SCREENWRITING = texts("Screenwriting", "Guion", "Scénario", "كتابة السيناريو", "编剧")
SOUND = texts("Sound", "Sonido", "Son", "الصوت", "声音设计")
EDITING = texts("Editing", "Montaje", "Montage", "المونتاج", "剪辑")
MUSIC = texts("Film music", "Música de cine", "Musique de film", "الموسيقى التصويرية", "电影音乐")
EFFECTS = texts("Visual effects", "Efectos visuales", "Effets visuels", "المؤثرات البصرية", "视觉特效")
ANIMATION = texts("Animation", "Animación", "Animation", "التحريك", "动画")
DOCUMENTARY = texts("Documentary", "Documental", "Documentaire", "السينما الوثائقية", "纪录片")
FUNDING = texts(
    "Public film funding", "Fondos públicos de cine", "Fonds publics de soutien", "الصناديق العامة لدعم السينما", "公共电影基金"
)
INVESTMENT = texts("Film investment", "Inversión en cine", "Investissement dans le cinéma", "الاستثمار السينمائي", "电影投资")
DISTRIBUTION = texts("Distribution", "Distribución", "Distribution", "التوزيع", "发行")
EXHIBITION = texts("Cinemas", "Salas de cine", "Salles de cinéma", "دور العرض", "影院放映")
FESTIVALS = texts("Festivals", "Festivales", "Festivals", "المهرجانات", "电影节")
ARCHIVES = texts("Film archives", "Archivos fílmicos", "Archives du film", "الأرشيف السينمائي", "电影资料馆")
RIGHTS = texts("Authors' rights", "Derechos de autor", "Droit d'auteur", "حقوق المؤلف", "著作权")
ACCESS = texts("Accessibility", "Accesibilidad", "Accessibilité", "إتاحة المحتوى للجميع", "无障碍传播")

ADEYANJU = Speaker(name="Ifeoma Adeyanju-Cole", role=PRODUCTION, region="West Africa")
ARRIQUEBAR = Speaker(name="Tomás Arriquebar", role=DIRECTING, region="South America")
WEN = Speaker(name="Wen Zhaolan 温兆岚", role=INVESTMENT, region="East Asia")
BENMESROUR = Speaker(name="Leïla Benmesrour", role=FESTIVALS, region="North Africa")
TSUKIMORI = Speaker(name="Hanae Tsukimori 月森はなえ", role=ANIMATION, region="East Asia")
DASGUPTA = Speaker(name="Priyanjali Dasgupta-Menon", role=SCREENWRITING, region="South Asia")
HAVNEGARD = Speaker(name="Sindre Havnegård", role=SOUND)
AUVRAY = Speaker(name="Marguerite Auvray-Delcombe", role=ARCHIVES, region="Western Europe")
KARAHANLI = Speaker(name="Yusuf Karahanlıoğlu", role=CINEMATOGRAPHY)
KAHURANGI = Speaker(name="Mere Kahurangi-Pōhatu", role=DOCUMENTARY, region="Oceania")
SABBAGHI = Speaker(name="Nawar al-Sabbaghi نوار الصباغي", role=RIGHTS, region="West Asia")
YUPANQUI = Speaker(name="Catalina Yupanqui-Moreau", role=FUNDING, region="South America")
WIERZBOWICZ = Speaker(name="Bogdan Wierzbowicz", role=EDITING, region="Central Europe")
RAKOTOVARY = Speaker(name="Delphine Rakotovahiny", role=EXHIBITION, region="East Africa")
VALADARES = Speaker(name="Joaquim Valadares-Pinhal", role=MUSIC)
NURMAGANOVA = Speaker(name="Saule Nurmaganova", role=DISTRIBUTION, region="Central Asia")
WHITCOMBE = Speaker(name="Eleanor Whitcombe-Harrow", role=EFFECTS, region="North America")
BAEK = Speaker(name="Baek Ji-ahn 백지안", role=ACCESS, region="East Asia")

LEADERS = [
    ADEYANJU,
    ARRIQUEBAR,
    WEN,
    BENMESROUR,
    TSUKIMORI,
    DASGUPTA,
    HAVNEGARD,
    AUVRAY,
    KARAHANLI,
    KAHURANGI,
    SABBAGHI,
    YUPANQUI,
    WIERZBOWICZ,
    RAKOTOVARY,
    VALADARES,
    NURMAGANOVA,
    WHITCOMBE,
    BAEK,
]
