"""The faces both characters had at first: the doctor is judged by variations of them."""

from collections.abc import Mapping
from dataclasses import replace

from eyes import EyeShape, EyeStyle
from face import FaceShape, FaceStyle, MouthStyle

EYE = EyeShape(
    centres=(232.2, 279.8),
    upper=[(-12.3, 149.9), (-8.7, 142.4), (-1, 138.0), (7.4, 139.9), (12.8, 146.6)],
    lower=[(12.8, 146.6), (11.2, 153.6), (5.4, 157.6), (-3.8, 157.9), (-9.9, 154.9), (-12.3, 149.9)],
    iris=(-0.4, 148.0),
    iris_px=(8.7, 11.2),
    pupil_px=(3.7, 5.4),
    lash_top=[
        (-13.9, 150.6), (-10.4, 141.6), (-6.2, 137.2), (-1, 134.5), (4.2, 134.4), (9.4, 136.8), (13.3, 141.0),
    ],
    lash_flick=([(13.3, 141.0), (15.4, 142.0)], [(17, 145.2), (14.9, 151)]),
    lash_tip=((13, 141.0), (5.4, -0.6)),
    lash_under=[
        (14.9, 151), (12.4, 146.9), (7, 141.9), (-1, 139.4), (-7.6, 143.2), (-11, 147.8), (-13.9, 150.6),
    ],
    lid_line=[(0.5, 158.5), (6, 158.1), (10.4, 155.4), (12.9, 150.8)],
    shade=[(13.6, 147.4), (7, 143.6), (-1, 142.0), (-8, 145.6), (-14, 153)],
)  # fmt: skip
FACE = FaceShape(
    contour=[
        (256, 72), (284, 80), (301, 104), (305.6, 130), (304.4, 150), (298.8, 164), (289.2, 177),
        (276.4, 188.2), (265.4, 195), (256, 197.4),
    ],
    ear=[
        (302, 146), (306.4, 141.4), (311.4, 143.2), (311.6, 151), (308.6, 160.4), (303.4, 166), (299, 164),
    ],
    brow_top=[(265.6, 121.4), (273, 117.6), (283, 116.3), (295.2, 121.2)],
    brow_under=[(295.2, 121.2), (283, 119.2), (274, 120.1), (267.2, 123.3), (266.4, 120)],
    nose=[(257.2, 157.6), (255.2, 160.8), (256.9, 161.7)],
    nose_light=(254.8, 157.0),
    neck=[(271, 178), (271, 200), (274.6, 210), (288, 219), (300, 262)],
)  # fmt: skip
MOUTH = MouthStyle(
    upper=[(247.3, 172.3), (251.8, 172.1), (256, 172.8), (260.2, 172.1), (264.7, 172.3)],
    lower=[(264.7, 172.3), (262.6, 178), (256, 181.2), (249.4, 178), (247.3, 172.3)],
    teeth=[(266, 170), (265, 174.3), (256, 175.5), (247, 174.3), (246, 170)],
    tongue=((256, 181), (5.2, 3.2)),
    deep="#DE6A66",
    inside="#F7A79B",
    edge="#C4605C",
    lip="#6E2A34",
    tongue_colour="#FBB9AE",
    edge_px=0.7,
    lip_px=1.4,
)
LIORA = FaceStyle(
    EyeStyle(
        rim="#2A2466",
        top="#2F2C86",
        middle="#5A63D8",
        bottom="#A9D4FF",
        glow="#D9F6FF",
        pupil="#1A1548",
        lash="#35191F",
        lash_warm="#7A3A35",
        lid="#8C5046",
        shape=EYE,
    ),
    FACE,
    MOUTH,
    brow="#6B3A30",
)
TAVI = FaceStyle(
    EyeStyle(
        rim="#3F1406",
        top="#6A2808",
        middle="#CC751A",
        bottom="#FBCF5C",
        glow="#FFEFA8",
        pupil="#260C06",
        lash="#1E1A26",
        lash_warm="#4A2A30",
        lid="#8C5046",
        shape=replace(EYE, flick=0.7),
    ),
    replace(
        FACE,
        brow_top=[(265.6, 121.8), (273, 117.8), (283, 116.3), (295.2, 120.8)],
        brow_under=[(295.2, 120.8), (283, 119.3), (274, 120.4), (267.2, 123.8), (266.4, 120.4)],
    ),
    MOUTH,
    brow="#0A1F2A",
)
FACES: Mapping[str, FaceStyle] = {"liora": LIORA, "tavi": TAVI}
