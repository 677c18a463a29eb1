"""The face tracker is handed out from the cache, and its page alone may compile code from strings."""

import pytest

from avatar_rtc.resources import resource
from avatar_rtc.server.http.tracking_files import TRACKING_FILES, tracking_folder

PAGES = [
    f"/{path.name}" for path in sorted(resource("web").glob("*.html")) if path.name not in ("view.html",)
]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A cache with files of the right names and sizes."""
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path))
    folder = tracking_folder()
    folder.mkdir(parents=True)
    for file in TRACKING_FILES:
        with (folder / file.name).open("wb") as out:
            out.truncate(file.size)
    return folder


async def test_whether_it_is_there_is_told(client, folder):
    answer = await (await client.get("/api/v1/tracking")).json()
    assert answer == {"ready": True, "missing": [], "command": "avatar-rtc tracking"}
    (folder / "face_mesh.js").write_bytes(b"short")
    (folder / "face_mesh.binarypb").unlink()
    answer = await (await client.get("/api/v1/tracking")).json()
    assert answer["ready"] is False and answer["missing"] == ["face_mesh.js", "face_mesh.binarypb"]


async def test_its_files_come_with_their_types_to_frames_without_an_origin(client, folder):
    kinds = {
        "js": "javascript",
        "wasm": "application/wasm",
        "data": "octet-stream",
        "binarypb": "octet-stream",
    }
    for file in TRACKING_FILES:
        headers = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
        async with client.get(f"/tracking/model/{file.name}", headers=headers) as answer:
            assert answer.status == 200 and answer.content_length == file.size
            assert kinds[file.name.rsplit(".")[-1]] in answer.content_type
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            tag = answer.headers["ETag"]
        again = await client.get(f"/tracking/model/{file.name}", headers={"If-None-Match": tag})
        assert again.status == 304


@pytest.mark.parametrize("name", ["face_mesh.js", "other.js", "..", "%2e%2e%2fsecret.js", "package.json"])
async def test_what_is_not_there_is_404(client, monkeypatch, tmp_path, name):
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path))
    folder = tracking_folder()
    folder.mkdir(parents=True)
    for placed in ("other.js", "package.json", "../secret.js"):
        (folder / placed).write_bytes(b"not for you")
    answer = await client.get(f"/tracking/model/{name}")
    assert answer.status == 404 and b"not for you" not in await answer.read()
    if name == "face_mesh.js":
        assert "avatar-rtc tracking" in (await answer.json(content_type=None))["detail"]


async def test_only_the_trackers_page_may_compile_and_it_has_no_origin(client):
    policies = {path: (await client.get(path)).headers["Content-Security-Policy"] for path in PAGES}
    loose = policies.pop("/track_face.html")
    assert "/track.html" in policies
    assert [path for path, policy in policies.items() if "eval" in policy or "sandbox" in policy] == []
    found = dict(each.strip().partition(" ")[::2] for each in loose.split(";"))
    assert found == {
        "sandbox": "allow-scripts",
        "default-src": "'none'",
        "script-src": "'self' 'unsafe-eval'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
