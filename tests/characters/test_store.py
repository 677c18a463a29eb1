from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.image import MAX_PICTURE_BYTES, write_png
from avatar_rtc.characters.store import CharacterStore, own_folder
from avatar_rtc.errors import InputError, Refused, SetupError, TooLarge, UnknownName, UnsuitableImage


def picture(value: int) -> np.ndarray:
    """A figure so small that no head is looked for in it: that takes 700 ms of a large one."""
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[:16, :16] = value, 0, 0, 255
    return rgba


def png(value: int, tmp_path: Path) -> bytes:
    write_png(tmp_path / "upload.png", picture(value))
    return (tmp_path / "upload.png").read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> CharacterStore:
    (tmp_path / "shipped" / "mina").mkdir(parents=True)
    write_png(tmp_path / "shipped" / "mina" / "character.png", picture(7))
    return CharacterStore(tmp_path / "shipped", tmp_path / "own")


def test_saved_characters_are_listed_and_load_as_they_were(store: CharacterStore, tmp_path: Path):
    (kept,) = store.save("my-cat_2", png(99, tmp_path))
    assert store.names() == ["mina", "my-cat_2"]
    assert (kept.rgba == picture(99)).all() and (store.load("my-cat_2") == picture(99)).all()
    assert (store.load("mina") == picture(7)).all()
    store.save("my-cat_2", png(100, tmp_path))
    assert (store.load("my-cat_2") == picture(100)).all()


def test_shipped_names_cannot_be_overwritten(store: CharacterStore, tmp_path: Path):
    with pytest.raises(InputError, match="shipped"):
        store.save("mina", png(1, tmp_path))
    assert (store.load("mina") == picture(7)).all()


STRANGE = [
    "",
    "..",
    ".",
    "../own",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "C:\\x",
    "Mina",
    "mina\n",
    "mina\0",
    "ünï",
    "x" * 65,
]


@pytest.mark.parametrize("name", STRANGE)
def test_strange_names_are_refused(store: CharacterStore, tmp_path: Path, name: str):
    data = png(1, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="cannot be a name"):
        store.load(name)
    with pytest.raises(InputError, match="cannot be a name"):
        store.save(name, data)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_name_tells_the_nearest(store: CharacterStore):
    for load in (store.load, store.load_any):
        with pytest.raises(UnknownName, match="did you mean 'mina'"):
            load("nina")


def test_a_bad_upload_keeps_the_old_picture(store: CharacterStore, tmp_path: Path):
    store.save("cat", png(5, tmp_path))
    with pytest.raises(UnsuitableImage):
        store.save("cat", b"nonsense")
    assert (store.load("cat") == picture(5)).all()


def test_paths_are_for_the_command_line_only(store: CharacterStore, tmp_path: Path):
    path = tmp_path / "upload.png"
    png(42, tmp_path)
    assert (store.load_any(str(path)) == picture(42)).all()
    assert (store.load_any("mina") == picture(7)).all()
    with pytest.raises(InputError):
        store.load(str(path))


def test_paths_that_are_no_image_files(store: CharacterStore, tmp_path: Path):
    with pytest.raises(InputError, match="no image file"):
        store.load_any(str(tmp_path / "nothing.png"))
    with pytest.raises(InputError, match="no image file"):
        store.load_any(str(tmp_path))
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(MAX_PICTURE_BYTES + 1)
    with pytest.raises(TooLarge, match="16 MiB"):
        store.load_any(str(huge))


def test_a_folder_that_cannot_be_made_is_a_setup_error(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="cannot create"):
        CharacterStore(tmp_path, tmp_path / "file").save("cat", png(1, tmp_path))


def test_own_characters_go_to_the_folder_asked_for(tmp_path: Path):
    assert own_folder(tmp_path) == tmp_path / "characters"
    assert "avatar-rtc" in str(own_folder(None))


def test_stored_pictures_are_square(store: CharacterStore, tmp_path: Path):
    write_png(tmp_path / "big.png", np.full((700, 900, 4), 255, np.uint8))
    store.save("big", (tmp_path / "big.png").read_bytes())
    with Image.open(tmp_path / "own" / "big" / "character.png") as image:
        assert image.size == (700, 700)


def test_a_character_is_decoded_once_and_again_when_a_file_of_it_changes(
    store: CharacterStore, tmp_path: Path
):
    store.save("cat", png(1, tmp_path))
    first = store.load_character("cat")
    assert store.load_character("cat") is first
    store.save("cat", png(2, tmp_path))
    assert (store.load_character("cat").rgba == picture(2)).all()
    toml = tmp_path / "own" / "cat" / "character.toml"
    toml.write_text('display_name = "Cat"')
    assert store.load_character("cat").display_name == "Cat"
    toml.unlink()
    assert store.load_character("cat").display_name == "cat"


def test_own_characters_are_deleted_and_shipped_ones_are_not(store: CharacterStore, tmp_path: Path):
    store.save("cat", png(1, tmp_path))
    store.load_character("cat")
    store.delete("cat")
    assert store.names() == ["mina"] and list((tmp_path / "own").iterdir()) == []
    with pytest.raises(UnknownName):
        store.load_character("cat")
    with pytest.raises(Refused, match="shipped"):
        store.delete("mina")
    for strange in ("..", "a/b", "cat"):
        with pytest.raises(InputError):
            store.delete(strange)
    assert store.names() == ["mina"]
