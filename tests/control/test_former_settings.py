"""Settings that are none any more: whoever names them gets what he got, by the messages of today."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.control.changes import Change, after_all
from avatar_rtc.control.former_settings import BLUR, FormerSettings, translated
from avatar_rtc.control.messages import BackdropSet, ChainSet, CropSet, SettingsPatch, SettingsSet
from avatar_rtc.control.settings import AnimatorSettings, check_settings
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.errors import AvatarRtcError, InputError, OutOfRange, UnknownName
from avatar_rtc.filters_schema.anime4k_files import FOLDER_VARIABLE
from avatar_rtc.filters_schema.chain import Operation, check_chain
from avatar_rtc.stream.crop import MIN_SIDE, NO_OWN_CROP, OwnCrop

BLANK = AvatarState()
EDGES = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
DEFAULTS: dict[str, Any] = {
    "liveliness": 1.0, "target_fps": 60.0, "crop": {"enabled": False, **EDGES}, "upscale": 1.0,
    "upscale_quality": "bicubic", "postprocessor_chain": [],
}  # fmt: skip


def told(*messages: Change, state: AvatarState = BLANK) -> AvatarState:
    for message in messages:
        state = after_all(state, translated(message, state), 1.0)
    return state


def crops() -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys of a crop; at least a fifth is left, whatever else is held."""
    return st.fixed_dictionaries(
        {},
        optional={
            "enabled": st.booleans(),
            "left": st.floats(0.0, 0.4),
            "top": st.floats(0.0, 0.4),
            "right": st.floats(0.6, 1.0),
            "bottom": st.floats(0.6, 1.0),
        },
    )


def patches() -> st.SearchStrategy[dict[str, Any]]:
    chains = st.lists(st.sampled_from(["bloom", "scanlines", "vignetting"]), max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "liveliness": st.floats(0.0, 2.0),
            "target_fps": st.floats(1.0, 60.0),
            "crop": crops(),
            "upscale": st.sampled_from([1.0, 1.5, 2.0, 4.0]),
            "upscale_quality": st.sampled_from(["low", "high", "bilinear", "bicubic"]),
            "postprocessor_chain": chains.map(lambda names: [[name, {}] for name in names]),
        },
    )


def merged(settings: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Former settings once they are patched: one flat object, but for the crop."""
    return {**settings, **patch, "crop": {**settings["crop"], **patch.get("crop", {})}}


def effective(chain: tuple[Operation, ...]) -> list[Operation]:
    return [operation for operation in chain if not operation.params.neutral]


def holds(state: AvatarState, settings: dict[str, Any]) -> None:
    quality, factor = settings["upscale_quality"], settings["upscale"]
    how = {"method": "anime", "quality": quality} if quality in ("low", "high") else {"method": quality}
    chain = [["upscale", {"factor": factor, **how}], *settings["postprocessor_chain"]]
    methods = [operation.params.model_dump(exclude={"quality"}) for operation in effective(state.chain)]
    wanted = effective(check_chain(chain))
    assert methods == [operation.params.model_dump(exclude={"quality"}) for operation in wanted]
    assert [op.params for op in effective(state.chain) if getattr(op.params, "method", "") == "anime"] == [
        op.params for op in wanted if getattr(op.params, "method", "") == "anime"
    ]
    assert state.crop == OwnCrop(**settings["crop"])
    motion = {name: settings[name] for name in ("liveliness", "target_fps")}
    assert state.settings == check_settings(motion)


@given(st.lists(patches(), max_size=5))
def test_patches_one_after_the_other_are_the_former_settings_that_were_patched(
    given_: list[dict[str, Any]],
) -> None:
    state, settings = BLANK, DEFAULTS
    for patch in given_:
        state, settings = told(SettingsPatch(settings=patch), state=state), merged(settings, patch)
        holds(state, settings)


@given(patches(), patches())
def test_a_whole_set_is_what_it_names_whatever_was_held(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    held = told(SettingsPatch(settings=before))
    whole = merged(DEFAULTS, wanted)
    holds(told(SettingsSet(settings=whole), state=held), whole)


@given(patches())
def test_what_is_not_named_stays_but_whole_former_settings_replace_all(patch: dict[str, Any]) -> None:
    held = told(
        CropSet(left=0.25), ChainSet(chain=[["bloom", {}]]), BackdropSet(name="day"), SettingsSet(settings={})
    )
    for kind in (SettingsPatch, SettingsSet):
        state = told(kind(settings=patch), state=held)
        assert state.backdrop == held.backdrop
        stays = kind is SettingsPatch or patch.keys().isdisjoint(FormerSettings.model_fields)
        if "crop" not in patch:
            assert state.crop == (held.crop if stays else NO_OWN_CROP)
        if patch.keys().isdisjoint({"upscale", "upscale_quality", "postprocessor_chain"}):
            assert state.chain == (held.chain if stays else ())


def test_messages_of_today_stay_as_they_are() -> None:
    for message in (ChainSet(chain=[]), CropSet(), SettingsSet(settings={"liveliness": 0.5})):
        assert translated(message, BLANK) == [message]


def test_no_name_is_both_a_setting_and_a_former_one() -> None:
    assert AnimatorSettings.model_fields.keys().isdisjoint(FormerSettings.model_fields)


def test_a_chain_that_begins_with_an_upscaling_is_whole() -> None:
    enlarged = told(SettingsPatch(settings={"upscale": 2.0}))
    chain = [["upscale", {"factor": 3.0}], ["bloom", {}]]
    assert told(SettingsPatch(settings={"postprocessor_chain": chain}), state=enlarged).chain == check_chain(
        chain
    )


def test_a_backdrop_is_out_of_focus_unless_it_says_otherwise() -> None:
    held = told(BackdropSet(colour="#102030", fit="contain"))
    new = told(SettingsPatch(settings={"backdrop_path": "day"}), state=held)
    assert new.backdrop == Backdrop("day", (16, 32, 48), blur=BLUR)
    own = told(BackdropSet(name="day", blur=2.5, fit="contain"))
    for name, blur in (("day", 2.5), ("night", BLUR)):
        assert told(SettingsPatch(settings={"backdrop_path": name}), state=own).backdrop.blur == blur
    sharp = told(SettingsPatch(settings={"backdrop_path": "day", "backdrop_blur": False}), state=own)
    assert (sharp.backdrop.blur, sharp.backdrop.fit) == (0.0, "contain")
    assert told(SettingsPatch(settings={"backdrop_blur": False, "backdrop_path": None}), state=own) == own


def test_presets_are_of_anime4ks_networks_if_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"upscale": 2.0, "upscale_quality": "high", "upscale_preset": "A"}
    for folder, chain in (
        ("", [["upscale", {"factor": 2.0, "method": "anime", "quality": "high"}]]),
        ("x", [["upscale", {"factor": 2.0, "method": "anime4k", "quality": "high", "preset": "A"}]]),
    ):
        monkeypatch.setenv(FOLDER_VARIABLE, folder)
        assert told(SettingsSet(settings=wanted)).chain == check_chain(chain)
        patches = [SettingsPatch(settings={name: value}) for name, value in wanted.items()]
        assert told(*patches).chain == check_chain(chain)


@pytest.mark.parametrize("name", ["format", "upscale_preset", "metrics_enabled"])
@pytest.mark.parametrize("kind", [SettingsSet, SettingsPatch])
def test_what_has_no_effect_is_taken(name: str, kind: type[SettingsSet | SettingsPatch]) -> None:
    value = {"format": "qoi", "upscale_preset": "A", "metrics_enabled": True}[name]
    assert told(kind(settings={name: value, "liveliness": 0.5})) == told(kind(settings={"liveliness": 0.5}))


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        ({"crop": {"lef": 0.5}}, UnknownName, "setting 'crop.lef'; did you mean 'crop.left'"),
        ({"upscale_quality": "lows"}, UnknownName, "did you mean 'low'"),
        ({"postprocessor_chain": [["blom", {}]]}, UnknownName, "did you mean 'bloom'"),
        ({"postprocessor_chain": [["bloom", {"exposure": 99}]]}, OutOfRange, "bloom.exposure"),
        ({"backdrop_path": "dya"}, UnknownName, "did you mean 'day'"),
        ({"crop": {"bottom": 1.5}}, OutOfRange, "crop.bottom is 1.5, but must lie in 0..1"),
        ({"upscale": 5}, OutOfRange, "upscale is 5, but must lie in 1..4"),
        ({"upscale": 4, "postprocessor_chain": [["upscale", {}]]}, InputError, "enlarges 8 times"),
        ({"crop": 1}, InputError, "crop is 1"),
        ({"crop": {"left": 0.5, "right": 0.5}}, InputError, "crop.right must exceed crop.left by 0.0625"),
        ({"crop": {"top": 0.9, "bottom": 0.1}}, InputError, "crop.bottom must exceed crop.top"),
        (
            {"livelines": 1, "upscale": 2},
            UnknownName,
            "unknown setting 'livelines'; did you mean 'liveliness'",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("message", [SettingsSet, SettingsPatch])
def test_a_fault_is_named_and_so_is_what_was_meant(
    message: type[SettingsSet | SettingsPatch], data: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(AvatarRtcError, match=says) as caught:
        told(message(settings=data))
    assert type(caught.value) is kind


@given(low=st.floats(0.0, 1.0), high=st.floats(0.0, 1.0), across=st.booleans())
def test_a_crop_has_one_law_at_every_door(low: float, high: float, across: bool) -> None:
    edges: dict[str, Any] = {"left": low, "right": high} if across else {"top": low, "bottom": high}
    doors = (
        lambda: OwnCrop(**edges),
        lambda: told(CropSet(**edges)),
        lambda: told(SettingsSet(settings={"crop": edges})),
    )
    for door in doors:
        if high - low >= MIN_SIDE:
            door()
        else:
            with pytest.raises(InputError, match="must exceed crop"):
                door()


def test_the_edges_of_nobody_are_all_there_is() -> None:
    assert asdict(NO_OWN_CROP) == {**EDGES, "enabled": False}
