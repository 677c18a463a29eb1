"""Laws of how far a face is moved to be seen as open as it should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.face.opening import LEVELS, USUAL_CURVES, MouthOpener, OpeningCurves, wanted_area
from avatar_rtc.face.pose import MOUTH_OPEN

SHARE = st.floats(0.0, 1.0)
ARTICULATION = st.floats(0.0, 2.0)
RISING = st.lists(SHARE, min_size=4, max_size=4).map(lambda rises: (0.0, *np.cumsum(rises).tolist()))
FACES = st.lists(RISING, min_size=6, max_size=6).map(lambda areas: OpeningCurves(tuple(areas)))
MIXTURES = st.lists(SHARE, min_size=6, max_size=6).filter(lambda w: sum(w) > 0.01).map(np.array)


def drawn(curves: OpeningCurves, morphs: np.ndarray) -> float:
    """The area that these morphs draw on that face: the mean of each one's, as far along as their sum."""
    along = morphs.sum()
    areas = [np.interp(along, LEVELS, curve) for curve in curves.areas]
    return float(morphs @ areas / max(along, 1e-9))


@given(FACES, MIXTURES, ARTICULATION)
def test_the_mixture_stays_and_sums_to_one_at_most(
    face: OpeningCurves, shapes: np.ndarray, articulation: float
) -> None:
    morphs = MouthOpener(face).morphs(shapes, articulation)
    assert morphs.min() >= 0 and morphs.sum() <= 1 + 1e-5
    assert morphs / max(morphs.sum(), 1e-9) == pytest.approx(shapes / shapes.sum(), abs=1e-3)


@given(FACES, MIXTURES, ARTICULATION, SHARE, SHARE)
def test_wider_is_never_smaller(
    face: OpeningCurves, shapes: np.ndarray, articulation: float, one: float, other: float
) -> None:
    opener, whole = MouthOpener(face), shapes / shapes.sum()
    small, large = (opener.morphs(whole * o, articulation).sum() for o in sorted((one, other)))
    assert small <= large + 1e-6


@given(FACES, MIXTURES, SHARE, ARTICULATION, ARTICULATION)
def test_more_articulation_never_closes(
    face: OpeningCurves, shapes: np.ndarray, openness: float, one: float, other: float
) -> None:
    opener, asked = MouthOpener(face), shapes / shapes.sum() * openness
    less, more = (opener.morphs(asked, a).sum() for a in sorted((one, other)))
    assert less <= more + 1e-6


@given(FACES, ARTICULATION)
def test_shut_stays_shut(face: OpeningCurves, articulation: float) -> None:
    assert not MouthOpener(face).morphs(np.zeros(6), articulation).any()


@given(FACES, MIXTURES, st.floats(1.0, 2.0))
def test_full_is_full(face: OpeningCurves, shapes: np.ndarray, articulation: float) -> None:
    assert MouthOpener(face).morphs(shapes / shapes.sum(), articulation).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("shape", range(len(MOUTH_OPEN)))
@pytest.mark.parametrize("openness", [0.1, 0.3, 0.6, 0.9])
def test_every_face_shows_the_same_share_of_what_it_can(shape: int, openness: float) -> None:
    """A morph that does nothing at first, and one that has done all by the middle."""
    late, early = (0.0, 0.0, 0.05, 0.3, 1.0), (0.0, 0.6, 0.98, 0.99, 1.0)
    for curve in (late, early, USUAL_CURVES.areas[shape]):
        face = OpeningCurves((curve,) * 6)
        shapes = np.zeros(6)
        shapes[shape] = openness
        share = drawn(face, MouthOpener(face).morphs(shapes)) / curve[-1]
        assert share == pytest.approx(wanted_area(openness), abs=0.02 / curve[-1])


def test_a_face_that_opens_late_is_moved_farther() -> None:
    late = MouthOpener(OpeningCurves(((0.0, 0.0, 0.05, 0.3, 1.0),) * 6))
    asked = np.array([0.2, 0, 0, 0, 0, 0])
    assert late.morphs(asked)[0] > MouthOpener().morphs(asked)[0] > 0.2


def test_articulation_goes_from_hardly_to_theatrical() -> None:
    """Half an openness: 0 hardly moves, 1 is clear, 2 is nearly all there is."""
    hardly, clear, theatrical = (wanted_area(0.5, a) for a in (0, 1, 2))
    assert 0.02 < hardly < 0.15 and 0.7 < clear < 0.9 and theatrical > 0.95
    assert wanted_area(0, 2) == 0 and wanted_area(1, 1) == 1


@pytest.mark.parametrize(
    "areas",
    [
        ((0.0, 0.5, 1.0),) * 6,
        ((0.0, 0.1, 0.2, 0.3, 0.4),) * 5,
        ((0.1, 0.2, 0.3, 0.4, 0.5),) * 6,
        ((0.0, 0.2, 0.1, 0.4, 0.5),) * 6,
        ((0.0, 0.2, float("nan"), 0.4, 0.5),) * 6,
    ],
)
def test_what_is_no_curve_is_refused(areas: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="curve"):
        OpeningCurves(areas)
