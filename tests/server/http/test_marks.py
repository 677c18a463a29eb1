"""Files that the server hands out say that a machine made them, unless its settings say otherwise."""

import io
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from PIL import Image

from avatar_rtc.config import Config
from avatar_rtc.filters_schema.label import DISCLOSING
from avatar_rtc.provenance import marking
from avatar_rtc.provenance.manifest import AI_COMMENT
from avatar_rtc.sound.decode import read_sound
from tests.server.conftest import UNSHARED

MAIN = "/api/v1/avatars/main"


@pytest.fixture
def disclosing(serve, tmp_path: Path):
    """A word of the setting → a client of a server with it."""

    async def start(word: str):
        return await serve(
            Config(character="hero", animator="static", limits=UNSHARED, data_dir=tmp_path, disclosure=word)
        )

    return start


def state(mime: str, data: bytes) -> str:
    with c2pa.Reader(mime, io.BytesIO(data)) as reader:
        return reader.get_validation_state()


@pytest.mark.parametrize("word", ["off", "page", "picture"])
async def test_snapshots_and_states(word: str, disclosing, renderer) -> None:
    client = await disclosing(word)
    assert (await (await client.get(MAIN)).json())["disclosure"] is (word != "off")
    assert renderer.opened["main"].label == (DISCLOSING if word == "picture" else None)
    answer = await client.get(f"{MAIN}/snapshot.png")
    png = await answer.read()
    assert answer.content_type == "image/png"
    image: Any = Image.open(io.BytesIO(png))
    assert np.array_equal(np.array(image), np.array(Image.open(io.BytesIO(await renderer.snapshot("main")))))
    if word == "off":
        assert image.text == {} and png == await renderer.snapshot("main")
    else:
        assert image.text == {"Comment": AI_COMMENT} and state("image/png", png) == "Valid"


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("wav", "audio/wav"),
        ("flac", "audio/flac"),
        ("mp3", "audio/mpeg"),
        ("opus", ""),
        ("aac", ""),
        ("pcm", ""),
    ],
)
@pytest.mark.parametrize("word", ["off", "page"])
async def test_sound_files(word: str, kind: str, mime: str, disclosing) -> None:
    client = await disclosing(word)
    for path, body in (
        ("/v1/audio/speech", {"input": "Hi there", "voice": "espeak", "response_format": kind}),
        ("/api/tts/speak", {"text": "Hi there", "voice": "espeak", "format": kind}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status == 200, await answer.text()
        data = await answer.read()
        if kind == "pcm":
            continue
        assert len(read_sound(data, 60)[0]) > 4_000
        with av.open(io.BytesIO(data)) as file:
            texts = [*file.metadata.values(), *file.streams[0].metadata.values()]
        assert (AI_COMMENT in texts) == (word == "page" and kind != "aac")
        if mime and word == "page":
            assert state(mime, data) == "Valid"
            with c2pa.Reader(mime, io.BytesIO(data)) as reader:
                assert "digitalsourcetype/algorithmicMedia" in reader.json()  # espeak has learned nothing


async def test_what_cannot_be_signed_is_handed_out_all_the_same(disclosing, monkeypatch, caplog) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("no more memory")

    monkeypatch.setattr(marking, "sign", refuse)
    client = await disclosing("page")
    for _ in range(3):
        answer = await client.get(f"{MAIN}/snapshot.png")
        again: Any = Image.open(io.BytesIO(await answer.read()))
        assert answer.status == 200 and again.text == {"Comment": AI_COMMENT}
    assert caplog.text.count("go out without a signature: no more memory") == 1
