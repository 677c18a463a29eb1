"""WHEP case by case, after draft-ietf-wish-whep-04, with real offers and a real viewer."""

import asyncio
import gzip

import pytest
from aiortc import RTCPeerConnection

from avatar_rtc.config import Config
from avatar_rtc.config_sections import TurnConfig
from avatar_rtc.link.orders import AvatarFailed, RequestKeyframe, StartRendition, StopRendition

ENDPOINT = "/api/v1/avatars/main/whep"
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
CANDIDATE = "a=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host"


async def test_post_answers_201_with_location_and_etag(client, offer):
    response = await client.post(ENDPOINT, data=await offer("video", "audio"), headers=SDP)
    answer = await response.text()
    assert (response.status, response.headers["Content-Type"]) == (201, "application/sdp")
    assert response.headers["Location"].startswith(f"{ENDPOINT}/")
    assert response.headers["ETag"].startswith('"') and "Link" not in response.headers
    # W:208-211, W:701-705: the server only sends, all in one bundle, RTP and RTCP on one port.
    assert answer.count("a=sendonly") == 2 and "a=recvonly" not in answer
    assert "a=group:BUNDLE" in answer and answer.count("a=rtcp-mux") == 2


async def test_resource_urls_cannot_be_guessed(client, offer):
    locations = [
        (await client.post(ENDPOINT, data=await offer(), headers=SDP)).headers["Location"] for _ in range(2)
    ]
    assert locations[0] != locations[1]
    assert all(len(location.rsplit("/", 1)[1]) >= 16 for location in locations)


async def test_ice_servers_come_as_link_headers(serve, offer):
    # Port 9 discards: the answer must not wait for it to gather a relay of the server's own for long.
    turn = TurnConfig(urls=("turn:127.0.0.1:9?transport=tcp",), secret="north")
    client = await serve(Config(character="hero", turn=turn))
    response = await client.post(ENDPOINT, data=await offer(), headers=SDP)
    (link,) = response.headers.getall("Link")
    assert link.startswith('<turn:127.0.0.1:9?transport=tcp>; rel="ice-server"; username="')
    assert '; credential="' in link and link.endswith('; credential-type="password"')
    # MediaMTX's player asks before it offers.
    (early,) = (await client.options(ENDPOINT)).headers.getall("Link")
    assert early.partition("username")[0] == link.partition("username")[0]


@pytest.mark.parametrize(
    "cut, outer",
    [("/live", "/live"), ("/a/b/", "/a/b"), ("//x.example", ""), ("/a b", ""), ("https://x/", "")],
)
async def test_behind_a_path_that_a_proxy_cuts_off_the_location_has_it(client, offer, cut, outer):
    headers = SDP | {"X-Forwarded-Prefix": cut, "Content-Type": "Application/SDP; charset=utf-8"}
    response = await client.post(ENDPOINT, data=await offer(), headers=headers)
    location = response.headers["Location"]
    assert location.startswith(f"{outer}{ENDPOINT}/")
    assert (await client.delete(location.removeprefix(outer))).status == 200


@pytest.mark.parametrize(
    "path, headers, body, status",
    [
        (ENDPOINT, SDP, "", 400),
        (ENDPOINT, SDP, "v=0\r\n", 400),
        (ENDPOINT, SDP, "hello", 400),
        (ENDPOINT, SDP, b"\xff\xfe\x00", 400),
        (ENDPOINT, SDP, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96", 400),
        (ENDPOINT, SDP, "x" * 100_000, 413),
        (ENDPOINT, {"Content-Type": "application/json"}, "{}", 415),
        (ENDPOINT, {"Content-Type": "text/plain"}, "v=0", 415),
        (ENDPOINT, {**SDP, "Content-Encoding": "gzip"}, gzip.compress(b"v=0", mtime=0), 415),
        (f"{ENDPOINT}?video=hologram", SDP, "v=0", 400),
        ("/api/v1/avatars/nobody/whep", SDP, "v=0", 404),
    ],
)
async def test_bad_posts_are_refused_with_a_problem(client, path, headers, body, status):
    response = await client.post(path, data=body, headers=headers)
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"]) == (status, status) and problem["detail"]
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert about["viewers"] == 0


async def test_a_voice_or_channels_alone_are_answered(client, offer):
    pc = RTCPeerConnection()
    pc.createDataChannel("control")
    await pc.setLocalDescription(await pc.createOffer())
    for sdp in (await offer("audio"), pc.localDescription.sdp):
        response = await client.post(ENDPOINT, data=sdp, headers=SDP)
        assert response.status == 201
        assert (await client.delete(response.headers["Location"])).status == 200
    await pc.close()


async def test_offers_of_which_nothing_is_left_are_refused(client, offer):
    sdp = (await offer("video")).replace("a=recvonly", "a=sendonly")
    response = await client.post(ENDPOINT, data=sdp, headers=SDP)
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 400 and "video is sendonly" in problem["detail"]


async def test_without_a_common_codec_is_refused(client, offer):
    sdp = (await offer()).replace("VP8/90000", "AV9/90000").replace("H264/90000", "H299/90000")
    response = await client.post(ENDPOINT, data=sdp, headers=SDP)
    assert response.status == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_on_the_endpoint_are_405(client, method):
    response = await client.request(method, ENDPOINT)
    assert response.status == 405
    assert {"GET", "POST", "HEAD", "OPTIONS"} <= set(response.headers["Allow"].replace(" ", "").split(","))


async def test_options_and_head_announce_the_endpoint(client):
    options, head = await client.options(ENDPOINT), await client.head(ENDPOINT)
    assert options.status == 204 and options.headers["Accept-Post"] == "application/sdp"
    assert head.status == 200 and head.headers["Content-Type"] == "application/sdp"
    # Drafts 02 and 03: what is asked for with GET has nothing to read, and says so with 2xx.
    read = await client.get(ENDPOINT)
    assert (read.status, await read.read(), read.headers["Content-Type"]) == (200, b"", "application/sdp")


async def test_who_opens_the_endpoint_in_a_browser_sees_the_avatar(client):
    opened = await client.get(ENDPOINT, headers={"Accept": "text/html"}, allow_redirects=False)
    assert (opened.status, opened.headers["Location"]) == (303, "/view/main")
    assert (await client.get(opened.headers["Location"])).status == 200


async def test_a_resource_is_there_as_long_as_its_viewer(client, watch):
    watcher = await watch()
    assert (await client.get(watcher.location)).status == (await client.head(watcher.location)).status == 204
    await client.delete(watcher.location)
    assert (await client.get(watcher.location)).status == 404


@pytest.mark.parametrize(
    "headers, body, status",
    [
        ({"If-Match": "{etag}"}, "{ice}m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{candidate}\r\n", 204),
        ({"If-Match": '"other", {etag}'}, "{ice}a=mid:0\r\na=end-of-candidates\r\n", 204),
        ({}, "{ice}a=mid:0\r\n{candidate}\r\n", 204),
        ({"If-Match": "*"}, "{ice}a=mid:0\r\n{candidate}\r\n", 204),
        ({"If-Match": "*"}, "{ice}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=\r\n", 204),
        ({"If-Match": "*"}, "", 204),
        ({"If-Match": '"stale"'}, "{ice}a=mid:0\r\n{candidate}\r\n", 412),
        ({"If-Match": "W/{etag}"}, "{ice}a=mid:0\r\n{candidate}\r\n", 204),
        ({}, "a=ice-ufrag:news\r\na=ice-pwd:0123456789012345678901\r\n", 422),
        ({"Content-Type": "Application/Trickle-ICE-sdpfrag; charset=utf-8"}, "{candidate}\n", 204),
        ({"If-Match": "*"}, "a=ice-ufrag:news\r\na=ice-pwd:0123456789012345678901\r\n", 422),
        ({"If-Match": "{etag}"}, "a=ice-ufrag:news\r\na=ice-pwd:0123456789012345678901\r\n", 422),
        ({"If-Match": "{etag}", "Content-Type": "application/sdp"}, "{candidate}", 415),
        ({"If-Match": "{etag}"}, "{ice}a=mid:0\r\na=candidate:nonsense\r\n", 204),
        ({"If-Match": "{etag}"}, b"\xff\xff", 400),
        ({"If-Match": "{etag}"}, "a" * 70_000, 413),
    ],
)
async def test_patch(client, watch, headers, body, status):
    watcher = await watch()
    sdp = watcher.pc.localDescription.sdp
    ice = "".join(f"{line}\r\n" for line in sdp.splitlines() if line.startswith(("a=ice-ufrag", "a=ice-pwd")))
    ice = "".join(f"{line}\r\n" for line in ice.splitlines()[:2])
    if isinstance(body, str):
        body = body.format(ice=ice, candidate=CANDIDATE)
    headers = FRAGMENT | {name: value.format(etag=watcher.etag) for name, value in headers.items()}
    response = await client.patch(watcher.location, data=body, headers=headers)
    assert response.status == status, await response.text()
    if status == 204:
        assert "ETag" not in response.headers and await response.read() == b""
    await watcher.frame()  # whatever was sent, the viewer goes on


async def test_delete_ends_the_viewer_and_its_rendition(client, renderer, watch):
    watcher = await watch()
    await watcher.frame()
    ended = asyncio.Event()
    watcher.video.on("ended", ended.set)
    response = await client.delete(watcher.location, headers={"If-Match": '"ignored"'})
    assert response.status == 200
    assert (await client.delete(watcher.location)).status == 200  # whoever lost the answer asks again
    assert (await client.patch(watcher.location, data="", headers=FRAGMENT)).status == 404
    assert renderer.told(StartRendition)[0].rendition == renderer.told(StopRendition)[0].rendition
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert (about["viewers"], about["renditions"]) == (0, [])


@pytest.mark.parametrize("method", ["patch", "delete", "options"])
async def test_unknown_resources_are_404(client, method):
    headers = FRAGMENT | {"If-Match": "*"}
    response = await getattr(client, method)(f"{ENDPOINT}/0123456789abcdef", headers=headers)
    assert response.status == 404


async def test_resource_of_one_avatar_is_none_of_another(client, watch):
    watcher = await watch()
    other = watcher.location.replace("/main/", "/nobody/")
    assert (await client.delete(other)).status == 404
    await watcher.frame()


async def test_failed_avatar_is_409_until_it_lives_again(client, renderer, offer):
    renderer.on_up["main"](AvatarFailed("main", "the weights are missing"))
    response = await client.post(ENDPOINT, data=await offer(), headers=SDP)
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 409 and int(response.headers["Retry-After"]) > 0
    assert "the weights are missing" in problem["detail"]
    response = await client.patch("/api/v1/avatars/main", json={"character": "rival"})
    assert response.status == 200
    await asyncio.sleep(0)
    assert (await client.post(ENDPOINT, data=await offer(), headers=SDP)).status == 201


async def test_too_many_viewers_are_503_until_one_leaves(serve, offer, monkeypatch):
    monkeypatch.setattr("avatar_rtc.server.live.seats.QUIET_WHEN_FULL_S", 60.0)
    client = await serve(Config(character="hero", max_viewers=2))
    joined = [await client.post(ENDPOINT, data=await offer(), headers=SDP) for _ in range(3)]
    assert [response.status for response in joined] == [201, 201, 503]
    assert int(joined[2].headers["Retry-After"]) > 0
    await client.delete(joined[0].headers["Location"])
    assert (await client.post(ENDPOINT, data=await offer(), headers=SDP)).status == 201


async def test_crowd_that_comes_at_once_cannot_pass_the_limit(serve, offer, monkeypatch):
    monkeypatch.setattr("avatar_rtc.server.live.seats.QUIET_WHEN_FULL_S", 60.0)
    client = await serve(Config(character="hero", max_viewers=3))
    offers = [await offer() for _ in range(6)]
    joined = await asyncio.gather(*(client.post(ENDPOINT, data=sdp, headers=SDP) for sdp in offers))
    assert sorted(response.status for response in joined) == [201] * 3 + [503] * 3


async def test_late_joiner_gets_a_keyframe_and_the_same_encode(renderer, watch):
    first = await watch("?video=alpha")
    await first.frame()
    second = await watch("?video=alpha")
    await second.frame(within=1.0)
    assert len(renderer.told(StartRendition)) == 1 and renderer.told(RequestKeyframe)
    assert renderer.told(StartRendition)[0].rendition.layout == "alpha"


async def test_default_layout_is_matte(renderer, watch):
    await (await watch()).frame()
    assert renderer.told(StartRendition)[0].rendition.layout == "matte"
