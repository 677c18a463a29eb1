"""Marks of files: signed and read back, one byte changed, no c2pa, no folder, no key; none is ever lost."""

import asyncio
import io
import json
import logging
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from PIL import Image

from avatar_rtc.errors import InputError
from avatar_rtc.provenance import marking, signing
from avatar_rtc.provenance.identity import OWN_FILE, made_identity
from avatar_rtc.provenance.manifest import AI_COMMENT, DIGITAL_SOURCES, SIGNED
from avatar_rtc.provenance.marking import Marker, create_marker
from avatar_rtc.sound.decode import read_sound
from tests.provenance.files import PICTURE, every_kind, film, sound

MIMES = (
    "image/png", "image/jpeg", "image/webp", "video/mp4", "video/webm", "audio/mp4", "audio/wav",
    "audio/mpeg", "audio/flac", "audio/ogg", "audio/aac",
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return every_kind(tmp_path_factory.mktemp("files"))


@pytest.fixture
def marker(tmp_path: Path) -> Marker:
    return create_marker("page", tmp_path)


def told(mime: str, data: bytes) -> tuple[str, list[str], dict]:
    """The state of a signature, the codes of what is wrong, and the manifest."""
    with c2pa.Reader(mime, io.BytesIO(data)) as reader:
        report = json.loads(reader.json())
        codes = [each["code"] for each in report.get("validation_status", [])]
        return reader.get_validation_state(), codes, report["manifests"][report["active_manifest"]]


def comment_of(data: bytes) -> str:
    """What a player shows."""
    with av.open(io.BytesIO(data)) as file:
        texts = {**file.metadata, **file.streams[0].metadata}
    return {key.lower(): value for key, value in texts.items()}.get("comment", "")


@pytest.mark.parametrize("source", DIGITAL_SOURCES)
@pytest.mark.parametrize("mime", MIMES)
def test_what_can_be_signed_is_and_the_rest_comes_back_as_it_was(mime, source, files, marker) -> None:
    marked = marker.marked(files[mime], mime, source)
    if mime not in SIGNED:
        assert marked == files[mime]
        return
    state, codes, manifest = told(mime, marked)
    assert (state, codes) == ("Valid", ["signingCredential.untrusted"])
    (actions,) = [each["data"]["actions"] for each in manifest["assertions"] if "actions" in each["label"]]
    assert [each["digitalSourceType"] for each in actions] == [DIGITAL_SOURCES[source]]
    assert manifest["claim_generator_info"][0]["name"] == "avatar-rtc"
    assert 3_000 < len(marked) - len(files[mime]) < 5_000
    assert "thumbnail" not in manifest


@pytest.mark.parametrize("mime", sorted(SIGNED))
def test_one_byte_changed_is_seen(mime, files, marker) -> None:
    marked = bytearray(marker.marked(files[mime], mime, "figure"))
    at = (
        len(marked) - 40
        if mime in ("audio/mpeg", "audio/flac", "image/jpeg")
        else marked.rfind(files[mime][-400:-380])
    )
    marked[at + 10] ^= 1
    state, codes, _ = told(mime, bytes(marked))
    assert state == "Invalid" and any(code.endswith("Hash.mismatch") for code in codes)


CHILD = """
import resource, sys
from pathlib import Path
from avatar_rtc.provenance.marking import create_marker

small, large = map(Path, sys.argv[1:])
marker = create_marker("page", small.parent)
peaks = []
for path in (small, large):
    marker.mark_file(path, "video/mp4", "figure")
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""


def lengthen(film: Path, by: int) -> None:
    """Zeros behind the stream, which is the last box of the file, and within it."""
    data = film.read_bytes()
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    assert at + size == len(data)
    with film.open("r+b") as file:
        file.seek(at)
        file.write((size + by).to_bytes(4, "big"))
        file.truncate(len(data) + by)


@pytest.mark.parametrize("boxes", [1, 2])
def test_films_that_count_as_long_are_signed(boxes: int, files, marker, monkeypatch) -> None:
    monkeypatch.setattr(signing, "LARGE_BYTES", 0)
    more = (1_000).to_bytes(4, "big") + b"mdat" + bytes(992)
    marked = bytearray(marker.marked(files["video/mp4"] + more * (boxes - 1), "video/mp4", "figure"))
    assert told("video/mp4", bytes(marked))[0] == "Valid"
    marked[-5] ^= 1
    assert told("video/mp4", bytes(marked))[0] == "Invalid"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_long_film_is_signed_in_little_memory(tmp_path: Path, files) -> None:
    small, large = tmp_path / "small.mp4", tmp_path / "large.mp4"
    for path in (small, large):
        path.write_bytes(files["video/mp4"])
    lengthen(large, 1 << 27)
    run = subprocess.run(
        [sys.executable, "-c", CHILD, small, large], capture_output=True, text=True, timeout=100
    )
    assert run.stderr == "" and int(run.stdout) < 64 * 1024  # KiB
    with c2pa.Reader(large) as reader:
        assert reader.get_validation_state() == "Valid"
    with large.open("r+b") as file:
        file.seek(1 << 26)
        file.write(b"x")
    with c2pa.Reader(large) as reader:
        assert reader.get_validation_state() == "Invalid"


def test_the_picture_and_the_sound_stay_the_same(files, marker) -> None:
    png = marker.marked(files["image/png"], "image/png", "figure")
    assert np.array_equal(np.array(Image.open(io.BytesIO(png))), PICTURE)
    for mime in ("audio/wav", "audio/flac", "audio/mpeg"):
        before, after = (
            [frame.to_ndarray() for frame in av.open(io.BytesIO(data), "r").decode(audio=0)]
            for data in (files[mime], marker.marked(files[mime], mime, "voice"))
        )
        assert all(map(np.array_equal, before, after)) and len(before) == len(after)


@pytest.mark.parametrize("kind", ["wav", "mp3", "flac", "opus"])
def test_sounds_carry_the_comment(kind: str) -> None:
    assert comment_of(sound(kind, AI_COMMENT)) == AI_COMMENT and comment_of(sound(kind)) == ""


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_films_carry_the_comment(kind: str, tmp_path: Path, marker: Marker) -> None:
    path = tmp_path / f"film.{kind}"
    path.write_bytes(film(tmp_path / "..", kind, AI_COMMENT))
    marker.mark_file(path, f"video/{kind}", "figure")
    assert comment_of(path.read_bytes()) == AI_COMMENT
    if kind == "mp4":
        assert told("video/mp4", path.read_bytes())[0] == "Valid"


def test_a_file_is_signed_in_its_place_and_stays_readable_for_whom_it_was(tmp_path, files, marker) -> None:
    for name, mime in (("a.mp4", "video/mp4"), ("a.png", "image/png")):
        path = tmp_path / name
        path.write_bytes(files[mime])
        path.chmod(0o640)
        marker.mark_file(path, mime, "figure")
        assert told(mime, path.read_bytes())[0] == "Valid"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"a.mp4", "a.png", OWN_FILE}


def test_a_png_carries_the_comment_also_without_c2pa(tmp_path, files, monkeypatch) -> None:
    monkeypatch.setattr(marking, "c2pa_is_installed", lambda: False)
    marker = create_marker("page", tmp_path)
    marked = marker.marked(files["image/png"], "image/png", "figure")
    picture: Any = Image.open(io.BytesIO(marked))
    assert picture.text == {"Comment": AI_COMMENT}
    assert marker.marked(files["audio/wav"], "audio/wav", "voice") == files["audio/wav"]
    assert marker.comment == AI_COMMENT and not (tmp_path / OWN_FILE).exists()


def test_off_leaves_everything_as_it_is(tmp_path, files) -> None:
    marker = create_marker("off", tmp_path)
    assert marker.comment == "" and not list(tmp_path.iterdir())
    assert all(marker.marked(data, mime, "figure") is data for mime, data in files.items())


@pytest.mark.parametrize("mime", sorted(SIGNED))
def test_what_is_broken_goes_out_as_it_is_and_the_log_says_so_once(mime, marker, tmp_path, caplog) -> None:
    path = tmp_path / "broken"
    path.write_bytes(b"nothing of the kind")
    for _ in range(2):
        assert marker.marked(b"nothing of the kind", mime, "figure") == b"nothing of the kind"
        marker.mark_file(path, mime, "figure")
    assert path.read_bytes() == b"nothing of the kind"
    assert len(caplog.records) == 1 and f"files of {mime} go out without a signature" in caplog.text


def test_the_key_is_made_once_and_for_this_user_alone(tmp_path: Path, files) -> None:
    first, second = create_marker("page", tmp_path / "data"), create_marker("page", tmp_path / "data")
    issuers = [
        told("image/png", each.marked(files["image/png"], "image/png", "figure"))[2]["signature_info"][
            "cert_serial_number"
        ]
        for each in (first, second, first)
    ]
    assert len(set(issuers)) == 1
    assert stat.S_IMODE((tmp_path / "data" / OWN_FILE).stat().st_mode) == 0o600


def test_where_the_folder_cannot_be_written_the_key_lasts_as_long_as_the_process(
    tmp_path, files, caplog
) -> None:
    (tmp_path / "file").write_text("no folder")
    marker = create_marker("page", tmp_path / "file" / "data")
    for _ in range(2):
        assert told("image/png", marker.marked(files["image/png"], "image/png", "figure"))[0] == "Valid"
    assert caplog.text.count("lasts until this process ends") == 1


def test_a_broken_own_key_is_told_at_the_start_and_costs_no_file(tmp_path, files, caplog) -> None:
    (tmp_path / OWN_FILE).write_text("nonsense")
    with pytest.raises(InputError, match=r"disclosure\.pem holds no private key .* a new one is made"):
        marking.check_signing(tmp_path, None, None)
    marker = create_marker("page", tmp_path)
    assert marker.marked(files["audio/wav"], "audio/wav", "voice") == files["audio/wav"]
    assert "holds no private key" in caplog.text


async def test_beside_the_loop_two_are_signed_at_a_time(files, marker, monkeypatch) -> None:
    inside, most, gate = [0], [0], threading.Semaphore(0)
    sign = signing.sign

    def slow(*args) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        if inside[0] == 2:
            gate.release(8)
        gate.acquire()
        inside[0] -= 1
        sign(*args)

    monkeypatch.setattr(marking, "sign", slow)
    jobs = [marker.marked_beside(files["audio/wav"], "audio/wav", "voice") for _ in range(6)]
    signed = await asyncio.gather(*jobs)
    assert most == [2] and all(told("audio/wav", each)[0] == "Valid" for each in signed)
    marker.close()


def test_every_thread_may_sign(files, marker) -> None:
    signed: list[bytes] = []

    def work() -> None:
        signed.extend(marker.marked(files["image/png"], "image/png", "figure") for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 30 and {told("image/png", each)[0] for each in signed} == {"Valid"}


def test_nothing_is_said_where_there_is_no_c2pa_and_nobody_asks(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(marking, "c2pa_is_installed", lambda: False)
    with caplog.at_level(logging.WARNING):
        create_marker("page", tmp_path)
    assert not caplog.records and made_identity().algorithm == "es256"


@pytest.mark.parametrize("mime", ["audio/wav", "audio/mpeg", "audio/flac", "audio/ogg"])
def test_our_own_reader_hears_a_signed_sound_as_it_was(mime, files, marker) -> None:
    """Its reader of WAVs takes chunks that it does not know for more sound: those of a signature clicked."""
    before, rate = read_sound(files[mime], 60.0)
    after, rate_after = read_sound(marker.marked(files[mime], mime, "voice"), 60.0)
    assert rate == rate_after
    np.testing.assert_array_equal(before, after)
