"""Tavi's hair: short and full, few large locks, one streak of mint."""

from hair import LEFT, RIGHT, Haircut, Lock
from svg import Curve, mirror, outline

_TOP = [(256, 40), (286, 42), (311, 55), (325, 80), (329, 112), (324, 146)]
_HEAD = [*_TOP, (322, 190), (256, 210)]
_CROWN = (252, 36)


def _back(points: Curve, width: float, side: float) -> Lock:
    return Lock(points, width, "back", 0.85, 0.4, side, fine=0.4)


def _tuft(points: Curve, width: float, side: float, ink_from: float = 0.32) -> Lock:
    return Lock(points, width, "b", 0.75, 0.4, side, ink_from=ink_from, fine=0.4)


def _fringe(points: Curve, width: float, tone: str, side: float, shine: float = 0.55) -> Lock:
    return Lock([_CROWN, *points], width, tone, 0.3, 0.48, side, ink_from=0.45, fine=0.35, shine=shine)


CUT = Haircut(
    head=outline(_HEAD, mirror(_HEAD)),
    dome=outline(
        _TOP,
        [(324, 146), (310, 116), (281, 92), (262, 78)],
        [(262, 78), (242, 90), (204, 116), (188, 146)],
        mirror(_TOP),
    ),
    back=(
        _back([(250, 100), (214, 150), (208, 180), (200, 209)], 42, LEFT),
        _back([(262, 100), (298, 150), (304, 180), (311, 206)], 42, RIGHT),
        _back([(240, 110), (226, 160), (226, 186), (220, 212)], 32, LEFT),
        _back([(272, 110), (288, 160), (287, 186), (293, 212)], 32, RIGHT),
    ),
    tufts=(
        _tuft([(214, 98), (203, 122), (198, 156), (187, 187)], 32, LEFT),
        _tuft([(298, 98), (309, 122), (315, 152), (322, 180)], 32, RIGHT),
        _tuft([(226, 66), (204, 88), (190, 122), (167, 149)], 46, LEFT),
        _tuft([(290, 64), (312, 82), (326, 110), (346, 130)], 46, RIGHT),
        _tuft([(240, 62), (214, 63), (190, 84), (172, 112)], 34, LEFT, 0.45),
        _tuft([(272, 56), (300, 57), (321, 74), (341, 92)], 30, RIGHT, 0.45),
        _tuft([(250, 62), (252, 48), (265, 38), (286, 35)], 17, RIGHT, 0.4),
    ),
    sides=(
        _fringe([(214, 60), (198, 104), (199, 142), (212, 178)], 30, "b", LEFT, 0.4),
        _fringe([(300, 58), (315, 104), (313, 140), (302, 170)], 30, "b", RIGHT, 0.4),
    ),
    bangs=(
        _fringe([(294, 58), (311, 88), (314, 118), (305, 148)], 32, "b", RIGHT),
        _fringe([(212, 60), (200, 92), (201, 122), (209, 150)], 30, "b", LEFT),
        _fringe([(290, 54), (309, 82), (311, 108), (297, 130)], 36, "a", RIGHT),
        _fringe([(224, 56), (208, 82), (205, 106), (216, 128)], 36, "a", LEFT),
        _fringe([(234, 56), (221, 80), (219, 100), (229, 117)], 28, "b", LEFT, 0.6),
        _fringe([(244, 60), (238, 88), (242, 114), (255, 141)], 30, "a", LEFT, 0.65),
        _fringe([(267, 54), (282, 74), (288, 97), (278, 119)], 33, "b", RIGHT, 0.6),
        _fringe([(284, 52), (305, 80), (313, 112), (307, 143)], 15, "streak", RIGHT, 0.0),
    ),
    crown=((250, 43), ((206, 88), (228, 66), (276, 66), (300, 78))),
    whorl=((253, 50), (246, 44.5), (238, 43.5), (229, 47)),
    halo=0.22,
    corner=(1.5, 3.4),
)
