"""Characters as folders and zips: what is read, what is refused and why."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.character import Character, build_character
from avatar_rtc.characters.image import full_frame, read_cel
from avatar_rtc.characters.packing import MAX_UNPACKED, read_zip
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.former_settings import BLUR
from avatar_rtc.control.settings import DEFAULTS, check_settings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.face.cels import CELS, FX
from avatar_rtc.face.emotions import EmotionChange, EmotionTemplate
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import FULL_FRAME, Crop

SHIPPED = resource("assets", "characters")


def png(*box: int, value: int = 200) -> bytes:
    """A frame that shows something in (left, top, right, bottom) only."""
    rgba = np.zeros((512, 512, 4), np.uint8)
    left, top, right, bottom = box or (200, 100, 300, 512)
    rgba[top:bottom, left:right] = value
    data = io.BytesIO()
    Image.fromarray(rgba).save(data, "PNG")
    return data.getvalue()


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def same(a: Character, b: Character) -> bool:
    return (
        (a.rgba == b.rgba).all()
        and a.cels.keys() == b.cels.keys()
        and all(
            (a.cels[n].x, a.cels[n].y) == (b.cels[n].x, b.cels[n].y)
            and np.array_equal(a.cels[n].rgba, b.cels[n].rgba)
            for n in a.cels
        )
        and (a.emotions, a.default_emotion, a.views) == (b.emotions, b.default_emotion, b.views)
        and (a.voice, a.licence, a.author) == (b.voice, b.licence, b.author)
    )


@pytest.fixture
def store(tmp_path: Path) -> CharacterStore:
    return CharacterStore(SHIPPED, tmp_path / "own")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """(file → content) → a folder `mina` of them, with a picture."""

    def make(files: dict[str, bytes], picture: str = "character.png") -> Path:
        path = tmp_path / "mina"
        path.mkdir()
        for name, content in {picture: png(), **files}.items():
            (path / name).write_bytes(content)
        return path

    return make


@pytest.mark.parametrize("name", ["liora", "tavi"])
def test_the_shipped_characters_have_everything(store: CharacterStore, name: str) -> None:
    character = store.load_character(name)
    assert character.cels.keys() == {*CELS, *FX}
    assert character.display_name == name.title() and character.licence == "CC BY 4.0"
    assert character.views.crop is None and character.views.head and character.voice and character.author
    assert character.emotions == {"fear": EmotionChange({"iris_small_left": 0.35, "iris_small_right": 0.35})}
    # Cels lie on the figure, and cut down to their boxes they are small.
    for cel in CELS:
        image = character.cels[cel]
        alpha = full_frame(image)[..., 3]
        figure = character.original if image.side == len(character.original) else character.rgba
        assert (figure[..., 3][alpha > 128] > 0).all()
    assert sum(image.rgba.nbytes for image in character.cels.values()) < 6 * 2**20


def test_a_cel_is_cut_to_what_shows_and_back() -> None:
    cel = read_cel(png(208, 149, 301, 177))
    assert cel is not None
    assert (cel.x, cel.y, cel.rgba.shape) == (208, 149, (28, 93, 4))
    assert (full_frame(cel) == np.asarray(Image.open(io.BytesIO(png(208, 149, 301, 177))))).all()
    assert read_cel(png(0, 0, 0, 0)) is None


@pytest.mark.parametrize("picture", ["character.png", "mina.png", "someone.png"])
def test_the_picture_is_found_under_three_names(store: CharacterStore, folder: Callable[..., Path], picture):
    path = folder({"someone_blush1.png": png(1, 2, 3, 4), "notes.txt": b"x"}, picture)
    character = store.load_any_character(str(path))
    assert character.name == "mina" and set(character.cels) == {"blush1", *FX}
    assert character.default_emotion == "neutral" and not character.emotions


def test_own_effects_take_the_place_of_the_common_ones(store: CharacterStore, folder: Callable[..., Path]):
    path = folder({"fx_heart1.png": png(5, 6, 9, 10), "mina_fx_shock1.png": png(1, 1, 2, 2)})
    cels = store.load_any_character(str(path)).cels
    assert (cels["fx_heart1"].x, cels["fx_heart1"].y) == (5, 6) and cels["fx_shock1"].rgba.shape == (1, 1, 4)
    assert cels["fx_heart2"].rgba.shape == store.load_character("liora").cels["fx_heart2"].rgba.shape


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('colour = "red"', "colour"),
        ("[crop]\nlift = 0.1", "crop.lift"),
        ("[crop]\nleft = 1.5", "crop.left"),
        ('[crop]\nleft = "much"', "crop.left"),
        ("[crop]\nleft = 0.6\nright = 0.65", "crop.right must exceed crop.left by 0.0625"),
        ("[settings.crop]\nleft = 0.6\nright = 0.65", "crop.right must exceed crop.left by 0.0625"),
        ("[settings]\nupscale = 5", "upscale is 5, but must lie in 1..4"),
        ('[settings]\nbackdrop_path = "dya"', "did you mean 'day'"),
        ("settings = 5", "settings"),
        ('default_emotion = "joi"', "default_emotion.*'joy'"),
        ("keep_eyes_open = 1.5", "keep_eyes_open"),
        ('keep_eyes_open = "wide"', "keep_eyes_open"),
        ("[emotions.fera.pose]\nhead_x = 0", "emotions.*'fear'.*own_emotions"),
        ("[own_emotions.smug.pose]\nhead_xx = 0.5", "own_emotions.smug.*'head_x'"),
        ("[own_emotions.'So smug'.pose]\nhead_x = 0.5\n[own_emotions.so_smug.pose]", "the id 'so_smug'"),
        ("[own_emotions.' '.pose]\nhead_x = 0.5", "1 to 64 characters"),
        ("[settings]\nlivelines = 1", "settings.*'liveliness'"),
        ("[settings]\nliveliness = 9", "settings.*liveliness is 9"),
        ("[emotions.fear.pose]\nhead_xx = 0.5", "emotions.fear.*'head_x'"),
        ("[emotions.fear.pose]\nhead_x = 1.5", "emotions.fear.*head_x is 1.5"),
        ("[emotions.fear.cels]\nblush = 0.5", "emotions.fear.*'blush'"),
        ("[emotions.fear.cels]\nblush1 = 2", "emotions.fear.*blush1 is 2"),
        ("[emotions.fear.pose]\nbreathing = 2", "emotions.fear.*breathing"),
        ("[emotions.fear.pose]\nhead_x = nan", "head_x"),
        ("voice = 3", "voice"),
        ("voice =", "TOML"),
        ("x = " + "[" * 20_000, "TOML"),
    ],
)
def test_faults_in_the_toml_are_named(toml: str, says: str) -> None:
    with pytest.raises(InputError, match=f"(?s)character.toml.*{says}"):
        build_character("mina", {"character.png": png(), "character.toml": toml.encode()}, {})


def test_faults_in_the_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image file of the character 'mina'"):
        build_character("mina", {"mina_blush1.png": png()}, {})
    with pytest.raises(InputError, match="two files hold the cel 'blush1'"):
        build_character("mina", {"mina.png": png(), "a_blush1.png": png(), "blush1.png": png()}, {})
    with pytest.raises(InputError, match="mina_tears1.png: the file is no image"):
        build_character("mina", {"mina.png": png(), "mina_tears1.png": b"no"}, {})
    with pytest.raises(InputError, match="TOML"):
        build_character("mina", {"mina.png": png(), "character.toml": b"\xff"}, {})


@pytest.mark.parametrize("inside", ["", "anything/"])
def test_a_folder_and_a_zip_of_it_are_the_same_character(
    store: CharacterStore, tmp_path: Path, inside: str
) -> None:
    files = {inside + path.name: path.read_bytes() for path in (SHIPPED / "tavi").iterdir()}
    data = zipped({**files, "__MACOSX/._x.png": b"x"})
    (tmp_path / "packed.zip").write_bytes(data)
    tavi = store.load_character("tavi")
    assert same(store.load_any_character(str(tmp_path / "packed.zip")), tavi)
    (kept,) = store.save("my-tavi", data)
    assert (kept.rgba == tavi.rgba).all() and "my-tavi" in store.names()
    again = store.load_character("my-tavi")
    assert same(again, tavi) and again.display_name == "Tavi"


def test_a_replaced_character_leaves_no_cels_behind(store: CharacterStore, tmp_path: Path) -> None:
    store.save("mina", zipped({"mina.png": png(), "mina_blush1.png": png(1, 1, 5, 5)}))
    assert "blush1" in store.load_character("mina").cels
    store.save("mina", png())
    assert set(store.load_character("mina").cels) == set(FX)
    with pytest.raises(InputError):
        store.save("mina", zipped({"mina.png": png(), "character.toml": b"nonsense = 1"}))
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["mina"]


def _lying(size: int) -> bytes:
    """A zip whose one file declares fewer bytes than it has."""
    data = bytearray(zipped({"mina.png": bytes(4 * 2**20)}))
    for at in (data.index(b"PK\x03\x04") + 22, data.index(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


def _link() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("mina.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return data.getvalue()


def _encrypted() -> bytes:
    data = bytearray(zipped({"mina.png": b"x"}))
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (zipped({"../mina.png": png()}), "leads elsewhere"),
        (zipped({"/mina.png": png()}), "leads elsewhere"),
        (zipped({"a/../mina.png": png()}), "leads elsewhere"),
        (zipped({"C:\\mina.png": png()}), "leads elsewhere"),
        (zipped({"a/b/c/mina.png": png()}), "folder within"),
        (zipped({"a/mina.png": png(), "b/c/x.png": png()}), "folder within"),
        (zipped({"a/mina.png": png(), "b/x.png": png()}), "several folders"),
        (zipped({"mina.png": png()}, zipfile.ZIP_LZMA), "unusual"),
        (_link(), "link"),
        (_encrypted(), "encrypted"),
        (_lying(100), "damaged"),
        (zipped({"mina.png": png()})[:100], "no zip"),
        (b"PK\x03\x04" + bytes(100), "no zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_zips_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_zip(data)


def test_zip_bombs_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bombs = [
        zipped({f"{n}.png": bytes(MAX_UNPACKED // 4) for n in range(5)}),
        zipped({f"{n}.png": b"" for n in range(129)}),
    ]
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    for bomb in bombs:
        with pytest.raises(TooLarge, match="at most"):
            read_zip(bomb)


def test_emotions_and_settings_of_its_own():
    toml = (
        'default_emotion = "smug"\n[own_emotions.smug.pose]\nmouth_smirk = 0.8\n[own_emotions.smug.cels]\n'
        "blush1 = 0.5\n[settings]\nliveliness = 0.5\n"
    )
    character = build_character("mina", {"character.png": png(), "character.toml": toml.encode()}, {})
    assert character.own_emotions == {"smug": EmotionTemplate("smug", {"mouth_smirk": 0.8}, {"blush1": 0.5})}
    assert character.default_emotion == "smug"
    assert character.start == AvatarState(settings=check_settings({"liveliness": 0.5}))


def test_former_settings_of_a_stored_character_are_how_it_starts():
    toml = (
        b'[settings]\nformat = "QOI"\nupscale = 2.0\npostprocessor_chain = [["bloom", {}]]\n'
        b'backdrop_path = "day"\n[settings.crop]\nenabled = true\nbottom = 0.75'
    )
    start = build_character("mina", {"character.png": png(), "character.toml": toml}, {}).start
    assert start.crop.over(FULL_FRAME) == Crop(bottom=0.75)
    assert [operation.name for operation in start.chain] == ["upscale", "bloom"]
    assert (start.backdrop.name, start.backdrop.blur) == ("day", BLUR)
    assert start.settings == DEFAULTS
