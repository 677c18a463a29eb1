"""Acts that stand in brackets, in languages other than English: `(lacht)`, `（笑）`, `(손을 흔들며)`."""

import re

_WORDS = frozenset(
    # German, Dutch
    "lacht lachend lächelt lächelnd seufzt seufzend kichert grinst grinsend winkt winkend nickt "
    "nickend flüstert "
    "flüsternd weint zwinkert schmunzelt räuspert hustet gähnt schluchzt verbeugt "
    "glimlacht zucht giechelt grinnikt fluistert knipoogt knikt zwaait "
    # French
    "rires rire rit riant sourit souriant soupire soupir glousse ricane chuchote pleure sanglote "
    "murmure cligne "
    # Spanish, Portuguese, Italian
    "risas risa ríe riendo sonríe sonriendo suspira suspirando susurra susurrando llora llorando "
    "guiña asiente "
    "risos riso rindo sorri sorrindo sussurra chora pisca acena suspiro "
    "ride risate ridendo sorride sorridendo sospira sospiro sussurra piange annuisce "
    # Russian, Ukrainian, Polish
    "смеётся смеется смеясь смех улыбается улыбаясь вздыхает вздыхая вздох шепчет шёпотом плачет "
    "кивает подмигивает "
    "хихикает сміється посміхається усміхається зітхає шепоче "
    "śmieje śmiech uśmiecha wzdycha szepcze płacze kiwa mruga chichocze "
    # Swedish, Danish, Norwegian, Finnish, Turkish, Indonesian, Vietnamese
    "skrattar ler suckar viskar griner smiler sukker hvisker nauraa hymyilee huokaa güler gülüyor gülümser "
    "gülümsüyor gülerek fısıldar tertawa tersenyum cười "
    # Arabic, Persian, Hebrew, Hindi
    "يضحك تضحك يبتسم تبتسم يتنهد تتنهد ضحك ضاحكا می‌خندد لبخند צוחק צוחקת מחייך מחייכת נאנח "
    "हँसते हंसते हँसता हँसती मुस्कुराते मुस्कुराता मुस्कुराती".split()
)
_REFLEXIVE = frozenset("se si sich s'".split())
_WORD = re.compile(r"[^\s,;.!?…]+")
_EAST_ASIAN = re.compile(
    r"(?=[\u2e80-\U0010ffff])(?:.{0,11}[笑泣涙汗怒]い?|.{0,6}(?:照れ|ため息|溜息|拍手|微笑み|爆)|[笑哭叹歎][着著])|[wW]{2,}"
)
_JAPANESE = re.compile(
    r"(?=.{0,24}\Z).*(?:ながら|つつ|ため息をつ[くいて]+|(?:手|首|頭|目|肩|顔|耳|尻尾|口|胸|腕|頬)[をがに]\w{1,8}[るくすつむぶうたて])"
)
_CHINESE = re.compile(
    r"(?:[轻輕微偷苦傻冷大害温溫淡甜][轻輕微偷笑柔羞]*地?)?(?:微笑|轻笑|輕笑|偷笑|苦笑|大笑|傻笑|叹气|嘆氣|叹了口气|挥手|揮手|挥挥手|"
    r"点头|點頭|点点头|摇头|搖頭|摇摇头|低头|低頭|抬头|抬頭|歪头|歪頭|眨眼|眨眨眼|脸红|臉紅|鞠躬|鼓掌|拍手|沉默|小声|小聲|"
    r"害羞|撒娇|嘟嘴|哭泣|抽泣|捂脸|扶额|耸肩|伸手|清嗓子)(?:[着著了道地一两兩][\u4e00-\u9fff]{0,8})?"
)
_KOREAN = re.compile(
    r"(?=.{0,24}\Z)(?:.*(?:(?<!이)며|끄덕이며|면서)|(?:미소|한숨|웃음|침묵|박수|속삭임|눈물)(?:\s?\S{1,6})?|하하|ㅋ+|ㅎ+)"
)


def is_foreign_act(words: str) -> bool:
    """True for an act told in another language than English.

    >>> is_foreign_act("lacht leise"), is_foreign_act("（東京）"), is_foreign_act("手を振る")
    (True, False, True)
    """
    if any(pattern.fullmatch(words) for pattern in (_EAST_ASIAN, _JAPANESE, _CHINESE, _KOREAN)):
        return True
    found = [word.lower() for word in _WORD.findall(words)[:2]]
    return bool(found) and (
        found[0] in _WORDS or (len(found) == 2 and found[0] in _REFLEXIVE | {"en"} and found[1] in _WORDS)
    )
