"""The JSON offer/answer of the aiortc samples."""

import pytest

from avatar_rtc.server.http.keys import AVATARS
from tests.waiting import until


@pytest.mark.parametrize("path", ["/offer", "/api/v1/offer"])
@pytest.mark.parametrize("extra", [{}, {"avatar": "main", "video": "alpha"}, {"video_transform": "none"}])
async def test_offer_is_answered(client, offer, path, extra):
    response = await client.post(path, json={"sdp": await offer("video", "audio"), "type": "offer", **extra})
    body = await response.json()
    assert response.status == 200 and body["type"] == "answer" and body["sdp"].startswith("v=0")


@pytest.mark.parametrize(
    "body, status",
    [
        ({"sdp": "v=0"}, 400),
        ({"sdp": "v=0", "type": "answer"}, 400),
        ({"sdp": 7, "type": "offer"}, 400),
        ({"sdp": "nonsense", "type": "offer"}, 400),
        ({"sdp": "v=0", "type": "offer", "video": "hologram"}, 400),
        ({"sdp": "v=0", "type": "offer", "avatar": "nobody"}, 404),
        ({"sdp": "x" * 70_000, "type": "offer"}, 413),
        ([], 400),
    ],
)
async def test_bad_offers_are_refused(client, body, status):
    response = await client.post("/offer", json=body)
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"]) == (status, status)


@pytest.mark.parametrize("path", ["/offer", "/api/offer", "/api/v1/offer"])
async def test_a_connection_has_an_id_that_takes_addresses(client, offer, path):
    answer = await (await client.post(path, json={"sdp": await offer("video"), "type": "offer"})).json()
    candidate = "candidate:1387637174 1 udp 2122260223 127.0.0.1 61764 typ host"
    for named in (
        [],
        [{"candidate": candidate, "sdp_mid": "0", "sdp_mline_index": 0}],
        [{"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0}],
        [{"candidate": "nonsense\r\na=ice-ufrag:x", "sdp_mid": "0\r\na=ice-ufrag:x"}] * 64,
    ):
        taken = await client.patch(path, json={"pc_id": answer["pc_id"], "candidates": named})
        assert (taken.status, await taken.json()) == (200, {"status": "success"})


@pytest.mark.parametrize(
    "body, status",
    [
        ({"pc_id": "guessed", "candidates": []}, 404),
        ({"pc_id": None, "candidates": []}, 400),
        ({"pc_id": "x"}, 400),
        ({"pc_id": "x", "candidates": [{"sdp_mid": "0"}]}, 400),
        ({"pc_id": "x", "candidates": [{"candidate": ""}] * 65}, 400),
    ],
)
async def test_addresses_of_nobody_are_refused(client, body, status):
    refused = await client.patch("/api/offer", json=body)
    problem = await refused.json(content_type="application/problem+json")
    assert (refused.status, problem["status"]) == (status, status) and "guessed" not in problem["detail"]


async def test_who_connects_anew_takes_its_own_place(client, offer):
    viewers = client.app[AVATARS]["main"].viewers
    body = {"type": "offer", "restart_pc": True, "request_data": {"any": 1}}
    first = await (await client.post("/offer", json={"sdp": await offer("video"), **body})).json()
    named = {"pc_id": first["pc_id"], **body}
    second = await (await client.post("/offer", json={"sdp": await offer("video"), **named})).json()
    await until(lambda: [viewer.id for viewer in viewers.all()] == [second["pc_id"]])
    third = {"pc_id": "somebody else's", **body}
    assert (await client.post("/offer", json={"sdp": await offer("video"), **third})).status == 200
    assert len(viewers) == 2
