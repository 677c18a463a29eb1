"""Pictures people send: kept when good, refused with the reason when not, and the avatar runs on."""

import asyncio
import io
import struct
import zipfile
import zlib

import aiohttp
import numpy as np
import pytest
from PIL import Image

from avatar_rtc.config import Config
from avatar_rtc.render.student.file import write_student
from tests.render.students import a_picture, a_student

CHARACTERS = "/api/v1/characters"
PNG = {"Content-Type": "image/png"}
ZIP = {"Content-Type": "application/zip"}


def _form(**parts: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in parts.items():
        if name == "name":
            form.add_field(name, value.decode())
        else:
            form.add_field(name, value, filename="x.png", content_type="image/png")
    return form


def _bomb(side: int = 40_000) -> bytes:
    """A PNG of a few bytes that declares side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_multipart_upload_can_be_shown_at_once(client, renderer, png):
    response = await client.post(CHARACTERS, data=_form(name=b"newcomer", image=png(side=100)))
    assert response.status == 201 and response.headers["Location"] == f"{CHARACTERS}/newcomer"
    names = (await (await client.get(CHARACTERS)).json())["characters"]
    assert names == ["hero", "newcomer", "rival"]
    stored = await client.get(f"{CHARACTERS}/newcomer")
    assert stored.content_type == "image/png"
    with Image.open(io.BytesIO(await stored.read())) as image:
        rgba = np.asarray(image)
    response = await client.patch("/api/v1/avatars/main", json={"character": "newcomer"})
    assert (await response.json())["character"] == "newcomer"
    assert renderer.opened["main"].rgba == rgba.tobytes() and rgba.shape == (512, 512, 4)


async def test_cels_and_the_toml_come_along_in_a_form(client, renderer, png):
    toml = b'default_emotion = "joy"'
    form = _form(name=b"dressed", image=png(side=512), blush1=png(), fx_heart1=png(), toml=toml)
    assert (await client.post(CHARACTERS, data=form)).status == 201
    assert (await client.patch("/api/v1/avatars/main", json={"character": "dressed"})).status == 200
    opened = renderer.opened["main"]
    assert {"blush1", "fx_heart1"} <= opened.cels.keys() and "tears1" not in opened.cels
    assert (await (await client.get("/api/v1/avatars/main")).json())["default_emotion"] == "joy"


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"blush1": b"x"}, "blush1.png"),
        ({"toml": b"colour = 3"}, "colour"),
        ({"student": b"x"}, "student"),
    ],
)
async def test_files_that_cannot_be_are_named_and_nothing_is_kept(client, store, png, parts, says):
    response = await client.post(CHARACTERS, data=_form(name=b"dressed", image=png(), **parts))
    assert response.status == 400 and says in (await response.json())["detail"]
    assert "dressed" not in store.names()


async def test_files_that_are_too_large_together_are_refused(client, store):
    """Each may have 16 MiB, and all of them 64; a body without a length is known only as it comes."""
    files = {name: bytes(15 * 2**20) for name in ("image", "blush1", "blush2", "blush3", "tears1")}

    boundary = "b"
    parts = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files.items()
    )
    parts += f"--{boundary}--\r\n".encode()

    async def stream():
        for at in range(0, len(parts), 2**20):
            yield parts[at : at + 2**20]

    response = await client.post(
        CHARACTERS, data=stream(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    assert response.status == 413 and "64 MiB" in (await response.json())["detail"]
    assert store.names() == ["hero", "rival"]


async def test_raw_upload_takes_its_name_from_the_query(client, png):
    response = await client.post(f"{CHARACTERS}?name=raw_one", data=png(), headers=PNG)
    assert response.status == 201
    assert (await client.get(f"{CHARACTERS}/raw_one")).status == 200


@pytest.mark.parametrize("multipart", [False, True])
async def test_a_zip_of_a_folder_is_a_character(client, renderer, png, multipart):
    data = _zip({"mina/mina.png": png(), "mina/mina_blush1.png": png(side=64)})
    if multipart:
        response = await client.post(CHARACTERS, data=_form(name=b"mina", image=data))
    else:
        response = await client.post(f"{CHARACTERS}?name=mina", data=data, headers=ZIP)
    assert response.status == 201
    assert (await client.patch("/api/v1/avatars/main", json={"character": "mina"})).status == 200
    assert "blush1" in renderer.opened["main"].cels


async def test_bad_zips_are_refused_and_the_old_character_stays(client, store, png):
    await client.post(f"{CHARACTERS}?name=mina", data=png(), headers=PNG)
    before = store.png("mina")
    bad = {
        "elsewhere": _zip({"../mina.png": png()}),
        "crop.lift": _zip({"mina.png": png(), "character.toml": b"[crop]\nlift = 1"}),
        "no zip": b"PK\x03\x04",
        "at most": _zip({f"{n}.png": bytes(2**24) for n in range(5)}),
    }
    for says, data in bad.items():
        response = await client.post(f"{CHARACTERS}?name=mina", data=data, headers=ZIP)
        assert response.status == (413 if says == "at most" else 400)
        assert says in (await response.json(content_type="application/problem+json"))["detail"]
    assert store.png("mina") == before and store.names() == ["hero", "mina", "rival"]


async def test_a_student_comes_along_with_its_picture(serve, renderer):
    client = await serve(Config(character="hero", animator="auto"))
    picture = _png(a_picture())
    student = write_student(a_student(a_picture()))
    data = _zip({"mina/mina.png": picture, "mina/student.safetensors": student})
    assert (await client.post(f"{CHARACTERS}?name=mina", data=data, headers=ZIP)).status == 201
    assert (await client.patch("/api/v1/avatars/main", json={"character": "mina"})).status == 200
    assert renderer.opened["main"].student == student


async def test_bad_students_are_refused_and_the_old_character_stays(client, store, png):
    await client.post(f"{CHARACTERS}?name=mina", data=png(), headers=PNG)
    before = store.png("mina")
    picture, student = _png(a_picture()), write_student(a_student(a_picture()))
    bad = {
        "another picture": (_png(a_picture()[:, ::-1]), student, 400),
        "damaged": (picture, student[:-5], 400),
        "no student": (picture, b"a student", 400),
        "16 MiB": (picture, student + bytes(2**24), 413),
    }
    for says, (image, spoilt, status) in bad.items():
        data = _zip({"mina.png": image, "student.safetensors": spoilt})
        response = await client.post(f"{CHARACTERS}?name=mina", data=data, headers=ZIP)
        problem = await response.json(content_type="application/problem+json")
        assert response.status == problem["status"] == status
        assert says in problem["detail"] and problem["detail"].startswith("student.safetensors: ")
    assert store.png("mina") == before and store.load_character("mina").student is None


def _png(rgba: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(rgba).save(data, "PNG")
    return data.getvalue()


def _zip(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize(
    "kind, status", [("text", 400), ("empty", 400), ("cut", 400), ("rgb", 400), ("bomb", 413)]
)
async def test_bad_pictures_leave_the_avatar_running(client, watch, png, kind, status, multipart):
    watcher = await watch()
    await watcher.frame()
    bad = {"text": b"hello", "empty": b"", "cut": png(side=300)[:200], "rgb": png("RGB"), "bomb": _bomb()}[
        kind
    ]
    if multipart:
        response = await client.post(CHARACTERS, data=_form(name=b"bad", image=bad))
    else:
        response = await client.post(f"{CHARACTERS}?name=bad", data=bad, headers=PNG)
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"]) == (status, status)
    assert len(problem["detail"]) > 30  # what is wrong and what is wanted
    assert "bad" not in (await (await client.get(CHARACTERS)).json())["characters"]
    assert (await client.patch("/api/v1/avatars/main", json={"character": "bad"})).status == 400
    assert (await (await client.get("/api/v1/avatars/main")).json())["character"] == "hero"
    await watcher.frame()


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "a/b", "UPPER", "a" * 65, "é", "x\x00", "c:\\x"]
)
async def test_names_that_are_paths_are_refused(client, store, tmp_path, png, name):
    before = sorted(tmp_path.rglob("*"))
    response = await client.post(CHARACTERS, params={"name": name}, data=png(), headers=PNG)
    assert response.status == 400
    assert (await client.patch("/api/v1/avatars/main", json={"character": name})).status == 400
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["nobody", "..", "..%2f..%2fhero", "%2e%2e%2fhero", "hero%00"])
async def test_unknown_characters_are_404(client, name):
    port = client.server.port
    status, body = await _raw(port, f"GET {CHARACTERS}/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert status == 404 and b"problem+json" in body


async def test_shipped_characters_are_not_replaced(client, png):
    response = await client.post(f"{CHARACTERS}?name=hero", data=png(), headers=PNG)
    assert response.status == 400


@pytest.mark.parametrize(
    "parts",
    [{"other": b"a"}, {"name": b"a"}, {"name": b"a", "image": b"x", "more": b"y"}, {"name": b"a" * 5000}],
)
async def test_forms_with_other_parts_are_refused(client, parts):
    response = await client.post(CHARACTERS, data=_form(**parts))
    assert response.status in (400, 413)


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nno headers here"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=image\r\n\r\nabc"),
        ("multipart/form-data; boundary=b", bytes(range(256)) * 20),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
    ],
)
async def test_broken_multipart_is_a_problem(client, content_type, body):
    response = await client.post(CHARACTERS, data=body, headers={"Content-Type": content_type})
    await response.json(content_type="application/problem+json")
    assert response.status in (400, 415)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "video/mp4"])
async def test_other_content_types_are_415(client, png, content_type):
    response = await client.post(CHARACTERS, data=png(), headers={"Content-Type": content_type})
    assert response.status == 415 and "image/*" in response.headers["Accept"]


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/heic", "IMAGE/x", "application/octet-stream"])
async def test_its_bytes_tell_what_a_picture_is(client, png, content_type):
    path, headers = f"{CHARACTERS}?name=a", {"Content-Type": content_type}
    assert (await client.post(path, data=png(), headers=headers)).status == 201
    photo = io.BytesIO()
    Image.new("RGB", (600, 800), (210, 205, 195)).save(photo, "JPEG")
    response = await client.post(path, data=photo.getvalue(), headers=headers)
    told = await response.json(content_type="application/problem+json")
    assert response.status == 400 and "(JPEG, RGB) has no alpha channel" in told["detail"]


async def test_declared_100_mb_are_refused_before_they_are_sent(client):
    for content_type in ("image/png", "multipart/form-data; boundary=b"):
        head = (
            f"POST {CHARACTERS}?name=big HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {100 * 2**20}\r\n\r\n"
        )
        # Not a byte of the body is sent; a server that read it whole would never answer.
        status, body = await _raw(client.server.port, head.encode())
        assert status == 413 and (b"16 MiB" if "png" in content_type else b"64 MiB") in body


async def test_undeclared_100_mb_are_refused_on_the_way(client):
    sent = 0
    answered = asyncio.Event()

    async def endless():
        nonlocal sent
        while sent < 100 * 2**20 and not answered.is_set():
            sent += 2**16
            yield bytes(2**16)

    response = await client.post(f"{CHARACTERS}?name=big", data=endless(), headers=PNG)
    answered.set()
    assert response.status == 413 and sent < 50 * 2**20
    response.close()


@pytest.mark.parametrize("body", [b"zz\r\nabc\r\n", b"5\r\nab"])
async def test_broken_chunks_do_not_fail_inside(client, body, caplog):
    head = (
        f"POST {CHARACTERS}?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    status, _ = await _raw(client.server.port, head.encode() + body, end=True)
    assert status in (400, None)
    assert (await client.get("/healthz")).status == 200
    assert "unexpected" not in caplog.text


async def _raw(port: int, request: bytes, end: bool = False) -> tuple[int | None, bytes]:
    """Status and first bytes of the answer to a request written by hand; None if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    if end:
        writer.write_eof()
    async with asyncio.timeout(5):
        answer = await reader.read(4096)
        while answer and b"}" not in answer and (more := await reader.read(4096)):
            answer += more
    writer.close()
    return (int(answer.split()[1]) if answer else None), answer
