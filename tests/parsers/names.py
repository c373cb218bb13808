"""Names of people as they are, and as somebody who wants to break a parser would type them."""

from __future__ import annotations

from itertools import cycle
from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_HAN_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_HAN_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文建国志玉兰梅红旭东"
_RARE_HAN = "㐱䶮𠮷𫖯𬱖𰻝﨑"
_HAN_UYGHUR = _words("买买提 艾力 阿依古丽 吐尔逊 阿卜杜热依木 帕提古丽 努尔麦麦提 热孜万古丽 肉孜 买合木提")
_UYGHUR = _words("مۇھەممەت ئېلى ئابدۇراخمان ئايگۈل تۇرسۇن پاتىگۈل نۇرمۇھەممەت رىزۋانگۈل گۈلنار ئەخمەتجان")
_KAZAKH = ("Айгүл", "Нұрлан", "Сәбит", "Құрманғазы", "Әсел")
_LATIN = _words("Mehmet Aygül Éloïse Müller O'Brien Smith-Jones Ødegård Nguyễn Ström Žižek")
_COMBINING = ("A\u0301ngel", "n\u0303ino", "e\u0308\u0301te", "o\u0327\u0328")
_EMOJI = ("👩‍🏫", "🎓", "👨🏽‍🔬", "🇨🇳")
_MARKS = ("\u200d", "\u200c", "\u200e", "\u200f", "\u2066", "\u2069", "\u061c", "\u00a0", "\u3000")
_SIGNS = _words(r""" " ' , ; : \ \n \N ^ ^n ^' ^^ < > @ = % &lt; =?utf-8?b? () | """)
_BREAKS = ("\n", "\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x00", "\t", "\r\n ", "\n\n")
_PROPERTIES = (
    *("ATTENDEE:mailto:spy@example.net", "Bcc: spy@example.net"),
    *("END:VEVENT", "METHOD:CANCEL", "RRULE:FREQ=DAILY"),
)


def generated_names(count: int, seed: int = 2021) -> list[str]:
    """So many different names, the same ones for the same seed, of three scripts, plain and hostile."""
    random = Random(seed)
    kinds = (
        _chinese,
        _uyghur_in_han,
        _uyghur,
        _latin,
        _other,
        _long,
        _marked,
        _with_signs,
        _with_break,
        _mixed,
    )
    names: dict[str, None] = {}
    for kind in cycle(kinds):
        if len(names) == count:
            return list(names)
        names.setdefault(kind(random))
    raise AssertionError("the kinds go round for ever")


def _chinese(random: Random) -> str:
    given = "".join(random.choices(_HAN_GIVEN + _RARE_HAN, k=random.randint(1, 3)))
    return random.choice(_HAN_FAMILY) + given


def _uyghur_in_han(random: Random) -> str:
    return "·".join(random.sample(_HAN_UYGHUR, random.randint(2, 3)))


def _uyghur(random: Random) -> str:
    return " ".join(random.sample(_UYGHUR, random.randint(2, 4)))


def _latin(random: Random) -> str:
    return " ".join(random.sample(_LATIN, random.randint(2, 3)))


def _other(random: Random) -> str:
    return random.choice((*_KAZAKH, *_COMBINING)) + " " + random.choice(_LATIN)


def _long(random: Random) -> str:
    kind = random.choice((_uyghur_in_han, _uyghur, _latin, _chinese))
    return random.choice((" ", "·", "")).join(kind(random) for _ in range(random.randint(4, 9)))[:100]


def _marked(random: Random) -> str:
    words = [
        random.choice((*_UYGHUR, *_HAN_UYGHUR)),
        random.choice((*_MARKS, *_EMOJI)),
        random.choice(_LATIN),
    ]
    random.shuffle(words)
    return "".join(words)


def _with_signs(random: Random) -> str:
    kind = random.choice((_chinese, _uyghur, _latin))
    name = kind(random)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(name))
        name = name[:at] + random.choice(_SIGNS) + name[at:]
    return name


def _with_break(random: Random) -> str:
    kind = random.choice((_chinese, _uyghur, _latin))
    return kind(random) + random.choice(_BREAKS) + random.choice((*_PROPERTIES, *_HAN_UYGHUR))


def _mixed(random: Random) -> str:
    parts = [kind(random) for kind in random.sample((_chinese, _uyghur, _latin, _with_signs), 2)]
    return random.choice(("（", " / ", "，", ", ")).join(parts)
