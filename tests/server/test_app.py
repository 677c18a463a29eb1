"""The composition: what must never be loaded, and what is refused at once."""

import subprocess
import sys

import pytest

from avatar_rtc.config import Config
from avatar_rtc.errors import InputError, UnsuitableImage
from avatar_rtc.server.app import create_app


def test_server_never_loads_torch():
    code = "import sys, avatar_rtc.server.app; print([m for m in ('torch', 'openvino') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_bad_character_is_refused_before_anything_is_served(renderer, store, tmp_path, png):
    (tmp_path / "flat.png").write_bytes(png("RGB"))
    for character, error in (("nobody", InputError), (str(tmp_path / "flat.png"), UnsuitableImage)):
        with pytest.raises(error):
            create_app(Config(character=character), renderer, store)
    assert renderer.sent == []


async def test_character_may_be_a_path_for_the_operator(serve, tmp_path, png):
    (tmp_path / "mine.png").write_bytes(png())
    client = await serve(Config(character=str(tmp_path / "mine.png")))
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert about["character"] == "mine"
