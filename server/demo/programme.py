"""The World Film Industry Conference, two days of it, with the summit happening now."""

from server.demo import leaders as who
from server.demo.delegations import SEATS, motions, summit
from server.demo.leaders import LEADERS, texts
from server.demo.polls import polls
from server.demo.questions import questions
from server.seeding import Seed
from sessions.formats import Format
from sessions.programme import Event, Session, Speaker, Texts, Track

SUMMIT = "summit"
MINUTE = 60_000

CAPTIONS = ["en", "es", "fr", "pt", "it", "ar", "zh"]
"""Those first that Apertium makes of English; the rest stay in the original, marked as untranslated, without another engine."""

NAMES = texts(
    "World Film Industry Conference",
    "Conferencia Mundial de la Industria Cinematográfica",
    "Conférence mondiale de l'industrie cinématographique",
    "المؤتمر العالمي لصناعة السينما",
    "世界电影产业大会",
) | {
    "pt": "Conferência Mundial da Indústria Cinematográfica",
    "it": "Conferenza mondiale dell'industria cinematografica",
    "de": "Weltkonferenz der Filmwirtschaft",
    "ru": "Всемирная конференция киноиндустрии",
    "ja": "世界映画産業会議",
}

TRACKS = [
    Track(
        id="technology",
        names=texts(
            "Audio-visual technology", "Tecnología audiovisual", "Technologies audiovisuelles", "التقنيات السمعية البصرية", "视听技术"
        )
        | {
            "pt": "Tecnologia audiovisual",
            "it": "Tecnologie audiovisive",
            "de": "Audiovisuelle Technik",
            "ru": "Аудиовизуальные технологии",
        }
        | {"ja": "映像・音響技術"},
    ),
    Track(
        id="capital",
        names=texts("Film capital", "Capital cinematográfico", "Capital cinématographique", "رأس المال السينمائي", "电影资本")
        | {"pt": "Capital cinematográfico", "it": "Capitale cinematografico", "de": "Filmkapital", "ru": "Кинокапитал", "ja": "映画資本"},
    ),
    Track(
        id="media",
        names=texts("Intellectual media", "Medios intelectuales", "Médias intellectuels", "الإعلام الفكري", "知识传媒")
        | {"pt": "Mídia intelectual", "it": "Media intellettuali", "de": "Intellektuelle Medien", "ru": "Интеллектуальные медиа"}
        | {"ja": "知的メディア"},
    ),
    Track(
        id="screenwriting",
        names=texts("Screenwriting", "Guion", "Écriture de scénario", "كتابة السيناريو", "剧本创作")
        | {"pt": "Roteiro", "it": "Sceneggiatura", "de": "Drehbuch", "ru": "Сценарное мастерство", "ja": "脚本"},
    ),
]


def seed(now_ms: int) -> Seed:
    """The demo's conference as it stands at `now_ms` (ms since 1970 UTC): the summit began ten minutes ago."""
    return Seed(
        event=event(now_ms),
        questions={SUMMIT: questions(now_ms)},
        polls={SUMMIT: polls(now_ms)},
        summits={SUMMIT: summit(now_ms)},
        motions={SUMMIT: motions()},
    )


def event(now: int) -> Event:
    def session(
        id: str, track: str, format: Format, begins: int, lasts: int, titles: Texts, *speakers: Speaker, floor: str = "en"
    ) -> Session:
        """`begins` is in minutes from now, `lasts` in minutes."""
        starts_at = now + begins * MINUTE
        captions = [floor, *(lang for lang in CAPTIONS if lang != floor)]
        return Session(
            id=id,
            titles=titles,
            track=track,
            format=format,
            starts_at=starts_at,
            ends_at=starts_at + lasts * MINUTE,
            floor=floor,
            captions=captions,
            interpreted=captions[1:],
            speakers=list(speakers),
            seats=SEATS if format == "summit" else [],
        )

    day = 24 * 60
    return Event(
        id="wfic",
        names=NAMES,
        tracks=TRACKS,
        sessions=[
            session(
                "many-screens",
                "technology",
                "forum",
                -200,
                75,
                texts(
                    "One image, many screens: mastering for cinema and stream",
                    "Una imagen, muchas pantallas: masterizar para el cine y la plataforma",
                    "Une image, plusieurs écrans : étalonner pour la salle et le streaming",
                    "صورة واحدة وشاشات كثيرة: إعداد النسخة النهائية للسينما والبث",
                    "一幅影像，多种银幕：面向影院与流媒体的母版制作",
                ),
                who.WHITCOMBE,
                who.KARAHANLI,
            ),
            session(
                "second-film",
                "capital",
                "forum",
                -110,
                80,
                texts(
                    "Who pays for the second film?",
                    "¿Quién paga la segunda película?",
                    "Qui paie le deuxième film ?",
                    "من يموّل الفيلم الثاني؟",
                    "第二部电影，谁来买单？",
                ),
                who.YUPANQUI,
                who.WEN,
                who.ADEYANJU,
            ),
            session(
                SUMMIT,
                "capital",
                "summit",
                -10,
                90,
                texts(
                    "Summit of 18 Leaders: the next ten years of cinema",
                    "Cumbre de 18 líderes: los próximos diez años del cine",
                    "Sommet des 18 leaders : les dix prochaines années du cinéma",
                    "قمة القادة الثمانية عشر: السنوات العشر المقبلة للسينما",
                    "十八位领袖峰会：电影的下一个十年",
                ),
                *LEADERS,
            ),
            session(
                "likeness",
                "media",
                "forum",
                110,
                75,
                texts(
                    "Whose face, whose voice? Consent in the age of digital doubles",
                    "¿De quién es el rostro, de quién la voz? El consentimiento en la era de los dobles digitales",
                    "À qui le visage, à qui la voix ? Le consentement à l'ère des doubles numériques",
                    "لمن الوجه ولمن الصوت؟ الموافقة في عصر النسخ الرقمية للممثلين",
                    "谁的脸，谁的声音？数字替身时代的知情同意",
                ),
                who.SABBAGHI,
                who.WHITCOMBE,
            ),
            session(
                "two-languages",
                "screenwriting",
                "seminar",
                115,
                60,
                texts(
                    "A writers' room in two languages",
                    "Una sala de guionistas en dos lenguas",
                    "Écrire à plusieurs, en deux langues",
                    "غرفة كتابة بلغتين",
                    "双语编剧室",
                ),
                who.DASGUPTA,
                who.ARRIQUEBAR,
            ),
            session(
                "borders",
                "capital",
                "symposium",
                210,
                90,
                texts(
                    "Co-production across borders: treaties, money, trust",
                    "Coproducir más allá de las fronteras: tratados, dinero, confianza",
                    "Coproduire par-delà les frontières : traités, argent, confiance",
                    "الإنتاج المشترك عبر الحدود: اتفاقيات ومال وثقة",
                    "跨国合拍：协定、资金与信任",
                ),
                who.ADEYANJU,
                who.NURMAGANOVA,
                who.YUPANQUI,
                floor="es",
            ),
            session(
                "light",
                "technology",
                "lecture",
                day - 120,
                50,
                texts(
                    "What light still decides",
                    "Lo que la luz todavía decide",
                    "Ce que la lumière décide encore",
                    "ما زال الضوء صاحب القرار",
                    "光，依然决定一切",
                ),
                who.KARAHANLI,
            ),
            session(
                "living-archives",
                "media",
                "lecture",
                day - 60,
                50,
                texts(
                    "Archives are not cellars: opening a century of film",
                    "Los archivos no son sótanos: abrir un siglo de cine",
                    "Les archives ne sont pas des caves : ouvrir un siècle de cinéma",
                    "الأرشيف ليس قبوًا: فتح قرن من السينما",
                    "档案不是地窖：开放一个世纪的电影",
                ),
                who.AUVRAY,
                floor="fr",
            ),
            session(
                "sound-first",
                "technology",
                "seminar",
                day,
                60,
                texts(
                    "Sound first: directing with the eyes closed",
                    "Primero el sonido: dirigir con los ojos cerrados",
                    "Le son d'abord : mettre en scène les yeux fermés",
                    "الصوت أولًا: الإخراج بعينين مغمضتين",
                    "声音先行：闭上眼睛做导演",
                ),
                who.HAVNEGARD,
                who.VALADARES,
            ),
            session(
                "training-data",
                "media",
                "symposium",
                day + 90,
                90,
                texts(
                    "Films as training data: licences, credit and the author's share",
                    "Las películas como datos de entrenamiento: licencias, créditos y la parte del autor",
                    "Les films comme données d'entraînement : licences, crédits et part de l'auteur",
                    "الأفلام بوصفها بيانات تدريب: التراخيص والإسناد ونصيب المؤلف",
                    "当电影成为训练数据：授权、署名与作者的份额",
                ),
                who.SABBAGHI,
                who.BAEK,
                who.WEN,
            ),
            session(
                "silence",
                "screenwriting",
                "lecture",
                day + 200,
                45,
                texts(
                    "Writing silence",
                    "Escribir el silencio",
                    "Écrire le silence",
                    "كتابة الصمت",
                    "书写沉默",
                ),
                who.DASGUPTA,
                who.TSUKIMORI,
            ),
        ],
    )
