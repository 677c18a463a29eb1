"""The declared operations, and the check of a chain."""

import pytest

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.filters_schema.chain import MAX_OPERATIONS, OPERATIONS, chain_json, check_chain
from tests.render.filters.filter_laws import check_declaration


def test_defaults_are_filled_in_and_written_out() -> None:
    chain = check_chain([["vignetting", {}], ["upscale"], ["vignetting", {"strength": 0.1}]])
    assert chain_json(chain) == [
        ["vignetting", {"enabled": True, "strength": 0.42}],
        [
            "upscale",
            {"enabled": True, "factor": 2.0, "method": "bicubic", "quality": "low", "preset": "none"},
        ],
        ["vignetting", {"enabled": True, "strength": 0.1}],
    ]
    assert check_chain(chain_json(chain)) == chain


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_declares_range_default_and_help(name: str) -> None:
    check_declaration(OPERATIONS[name])


@pytest.mark.parametrize("name", OPERATIONS)
def test_defaults_lie_in_their_range(name: str) -> None:
    assert check_chain([[name, OPERATIONS[name]().model_dump()]])


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        ("vignetting", "list"),
        ([["vignette", {}]], "did you mean 'vignetting'"),
        ([["vignetting", {"strenght": 1}]], "did you mean 'vignetting.strength'"),
        ([["vignetting", {"strength": 2}]], "vignetting.strength"),
        ([["vignetting", {"strength": "much"}]], "vignetting.strength"),
        ([["vignetting", {"strength": float("nan")}]], "vignetting.strength"),
        (["vignetting"], "an operation is"),
        ([["upscale", {"factor": 3}], ["upscale", {"factor": 2}]], "at most 4 times"),
        ([["chroma_subsample", {"mode": "both"}]], "chroma_subsample.mode"),
        ([["monochrome_display", {"tint_rgb": [1, 2, 0]}]], "tint_rgb"),
        ([["bloom", {"enabled": "perhaps"}]], "enabled"),
        ([["upscale", {}]] * (MAX_OPERATIONS + 1), "at most"),
    ],
)
def test_refusals_name_the_fault(chain: object, says: str) -> None:
    with pytest.raises(AvatarRtcError, match=says):
        check_chain(chain)
