"""Files by their names: which is what, in a folder, beside a picture and in a zip of many."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from avatar_rtc.characters.character import build_character
from avatar_rtc.characters.image import read_picture
from avatar_rtc.characters.packing import MOST_CHARACTERS, read_pack
from avatar_rtc.characters.parts import MAX_OWN_EFFECTS, cel_of, cels_in, find_picture, is_part
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.characters.targa import looks_like_tga
from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CELS, FX
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import Crop

STEM = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8).filter(
    lambda stem: stem not in CELS
)
"""Names; a cel's own, as "data1" is, belongs to the cel."""


def picture(value: int = 200, kind: str = "PNG") -> bytes:
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[80:, 160:320] = value
    data = io.BytesIO()
    Image.fromarray(rgba).save(data, kind)
    return data.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> CharacterStore:
    return CharacterStore(resource("assets", "characters"), tmp_path / "own")


@given(STEM, st.sampled_from((*CELS, *FX)), st.sampled_from(["png", "PNG", "tga", "webp"]))
def test_a_cel_is_found_behind_any_name(stem: str, cel: str, ending: str) -> None:
    assert cel_of(f"{stem}_{cel}.{ending}") == cel_of(f"{cel}.{ending}") == cel
    assert cel_of(f"{stem}.{ending}") is None and is_part(f"{stem}.{ending}")


@given(STEM, STEM, st.integers(1, 99))
def test_effects_of_its_own_are_cels(stem: str, effect: str, number: int) -> None:
    assert cel_of(f"{stem}_fx_{effect}{number}.png") == f"fx_{effect}{number}"


@given(STEM, st.lists(STEM, max_size=4, unique=True))
def test_the_picture_is_the_one_whose_name_the_others_begin_with(stem: str, others: list[str]) -> None:
    files = [f"{stem}.png", *(f"{stem}_{other}.png" for other in others), "readme.txt"]
    assert find_picture("somebody else", files) == f"{stem}.png"


def test_own_effects_have_a_limit() -> None:
    names = [f"fx_own{n}.png" for n in range(MAX_OWN_EFFECTS)]
    assert len(cels_in([*names, *(f"{cel}.png" for cel in FX)], "")) == MAX_OWN_EFFECTS + len(FX)
    with pytest.raises(InputError, match="at most 40"):
        cels_in([*names, "fx_one_more1.png"], "")


def test_cels_beside_a_bare_picture_are_found(store: CharacterStore, tmp_path: Path) -> None:
    for name in ("me.png", "me_blush1.png", "you.png", "you_tears1.png", "fx_star1.png", "me_fx_heart1.png"):
        (tmp_path / name).write_bytes(picture())
    (tmp_path / "me_check.png").write_bytes(b"a sheet")
    cels = store.load_any_character(str(tmp_path / "me.png")).cels
    assert cels.keys() == {*FX, "blush1", "fx_star1"}
    assert (cels["fx_heart1"].rgba == 200).all(), "its own goes before the common one"


def test_a_zip_of_several_folders_stores_each(store: CharacterStore) -> None:
    data = zipped(
        {
            "pack/Ann Lee/ann.png": picture(1),
            "pack/Ann Lee/ann_blush1.png": picture(2),
            "pack/bob/character.png": picture(3),
            "pack/bob/icon.png": picture(4),
            "pack/notes/readme.txt": b"hello",
        }
    )
    kept = store.save("unused", data)
    assert [each.name for each in kept] == ["ann-lee", "bob"]
    assert kept[1].unused == ("icon.png",)
    assert "blush1" in store.load_character("ann-lee").cels
    assert store.load("bob").max() == 3


def test_several_in_one_folder_are_told_apart_by_name(store: CharacterStore) -> None:
    names = ("ann.png", "ann_blush1.png", "bob.png", "bob_sweat1.png", "fx_heart1.png")
    kept = store.save("", zipped({name: picture() for name in names}))
    assert {each.name: set(each.cels) for each in kept} == {
        "ann": {"blush1", "fx_heart1"},
        "bob": {"sweat1", "fx_heart1"},
    }


def test_one_bad_character_keeps_all_out(store: CharacterStore) -> None:
    before = store.names()
    for files in (
        {"bob/bob.png": b"no picture"},
        {"liora/character.png": picture()},
        {"n\xf6/x.png": picture()},
    ):
        with pytest.raises(InputError):
            store.save("", zipped({"ann/ann.png": picture(), **files}))
    with pytest.raises(InputError, match="at most 16"):
        read_pack(zipped({f"{n}/x.png": picture() for n in range(MOST_CHARACTERS + 1)}))
    assert store.names() == before


def test_what_was_saved_goes_before_the_toml_and_can_be_taken_back(store: CharacterStore) -> None:
    store.save("mina", picture(), {"character.toml": b'voice = "old"\nauthor = "A"'})
    store.keep_saved("mina", {"voice": "new", "own_emotions": {"smug": {"pose": {"mouth_smirk": 0.8}}}})
    character = store.load_character("mina")
    assert (character.voice, character.author) == ("new", "A") and "smug" in character.own_emotions
    store.keep_saved("mina", {"crop": {"bottom": 0.5}})
    assert store.load_character("mina").voice == "old"
    assert store.load_character("mina").views.crop == Crop(bottom=0.5)
    store.keep_saved("mina", {})
    assert store.saved("mina") == {} and store.load_character("mina").views.crop is None
    with pytest.raises(InputError, match="voice"):
        store.keep_saved("mina", {"voice": 5})


@pytest.mark.parametrize("options", [{}, {"compression": "tga_rle"}])
@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L"])
def test_tga_is_read(mode: str, options: dict[str, str]) -> None:
    data, image = io.BytesIO(), Image.open(io.BytesIO(picture())).convert(mode)
    image.save(data, "TGA", **options)
    assert (read_picture(data.getvalue()) == np.array(image.convert("RGBA"))).all()


@given(st.binary(max_size=200))
def test_hardly_any_bytes_look_like_tga(data: bytes) -> None:
    if looks_like_tga(data):
        assert data[2] in (1, 2, 3, 9, 10, 11) and len(data) > 18


def test_a_tga_will_do_for_a_character() -> None:
    character = build_character(
        "mina", {"mina.tga": picture(7, "TGA"), "mina_blush1.tga": picture(8, "TGA")}, {}
    )
    assert character.rgba.max() == 7 and character.cels["blush1"].rgba.max() == 8
