"""The JSON offer/answer of the aiortc samples."""

import pytest


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
