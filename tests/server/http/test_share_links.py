"""Where an avatar is found from elsewhere, and the QR code of it."""

import re

import cv2
import numpy as np
import pytest

from avatar_rtc.config import Config
from avatar_rtc.server.http.routes import share

SHARE = "/api/v1/avatars/main/share"


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


def read_code(svg: str) -> str:
    """What another implementation reads in the code; its path is rows of dark modules."""
    side = int(found(r'viewBox="0 0 (\d+) ', svg))
    modules = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", found(r'class="qrline".* d="([^"]+)"', svg)):
        values = [float(number) for number in numbers.split()]
        if kind == "h":
            modules[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if kind == "M" else (x + values[0], y + values[1])
    picture = cv2.resize(modules, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


async def test_links_are_those_of_the_host_that_was_asked(client):
    answer = await (await client.get(SHARE)).json()
    root = f"http://127.0.0.1:{client.port}"
    (link,) = answer["links"]
    assert link | {"qr": ""} == {
        "origin": root, "reach": "machine", "view": f"{root}/view/main", "page": f"{root}/?avatar=main",
        "whep": f"{root}/api/v1/avatars/main/whep", "qr": "",
    }  # fmt: skip
    assert "--host" in answer["advice"]
    code = await client.get(link["qr"])
    assert code.content_type == "image/svg+xml"
    assert read_code(await code.text()) == link["view"]


async def test_of_a_server_for_all_the_addresses_of_the_machine_are_told(serve, monkeypatch):
    monkeypatch.setattr(share, "own_addresses", lambda: ["192.0.2.7", "2001:db8::7"])
    client = await serve(Config(host="0.0.0.0", insecure=True, character="hero"))
    answer = await (await client.get(SHARE)).json()
    hosts = [f"http://{host}:{client.port}" for host in ("127.0.0.1", "192.0.2.7", "[2001:db8::7]")]
    assert [link["origin"] for link in answer["links"]] == hosts
    assert [link["reach"] for link in answer["links"]] == ["machine", "network", "network"]
    assert answer["advice"] == ""
    code = await (await client.get(answer["links"][2]["qr"])).text()
    assert read_code(code) == f"{hosts[2]}/view/main"


async def test_below_a_base_path_links_are_below_it(serve):
    client = await serve(Config(base_path="/live", character="hero"))
    answer = await (await client.get(f"/live{SHARE}")).json()
    assert answer["links"][0]["view"].endswith("/live/view/main")
    assert (await client.get(answer["links"][0]["qr"])).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "hello", "", "http://127.0.0.1:1"])
async def test_no_code_is_made_of_what_is_elsewhere(client, origin):
    answer = await client.get(f"{SHARE}.svg", params={"origin": origin})
    assert answer.status == 400 and "must be one of http://127.0.0.1" in (await answer.json())["detail"]


async def test_no_avatar_no_link(client):
    for path in ("share", "share.svg"):
        assert (await client.get(f"/api/v1/avatars/nobody/{path}")).status == 404
