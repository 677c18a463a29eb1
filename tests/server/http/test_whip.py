"""WHIP: sound that others bring, with real offers, and with FFmpeg as it is shipped with PyAV."""

import asyncio
import sys
import time

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from tests.certificates import make_certificate
from tests.waiting import until

ENDPOINT = "/api/v1/avatars/main/whip"
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
CANDIDATE = "a=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host"


class Voice(AudioStreamTrack):
    """Half a second of a tone, and half a second of silence, again and again."""

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, AudioFrame) and frame.pts is not None
        at = np.arange(frame.pts, frame.pts + frame.samples)
        tone = 9000 * np.sin(at / 20) * (at // (frame.sample_rate // 2) % 2 == 0)
        found = AudioFrame.from_ndarray(tone.astype(np.int16)[None], format="s16", layout="mono")
        found.pts, found.sample_rate, found.time_base = frame.pts, frame.sample_rate, frame.time_base
        return found


@pytest.fixture
async def bring(client):
    """(query, tracks) → the response to an offer of these tracks, connected if it is taken."""
    pcs: list[RTCPeerConnection] = []

    async def offer(query="", *tracks, headers=SDP):
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        pcs.append(pc)
        for track in tracks or (Voice(), VideoStreamTrack()):
            pc.addTransceiver(track, direction="sendonly")
        await pc.setLocalDescription(await pc.createOffer())
        response = await client.post(ENDPOINT + query, data=pc.localDescription.sdp, headers=headers)
        if response.status == 201:
            answer = await response.text()
            await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return response

    yield offer
    for pc in pcs:
        await pc.close()


def spoken(monkeypatch, client) -> list[str]:
    """What becomes of sound: filled by the avatar's own speech and ears."""
    from avatar_rtc.server.http.keys import AVATARS

    found: list[str] = []
    speech = client.server.app[AVATARS]["main"].speech
    play = speech.play

    def noted(*arguments, **options):
        found.append("speak")
        return play(*arguments, **options)

    monkeypatch.setattr(speech, "play", noted)
    return found


async def test_sound_and_picture_are_taken_and_the_sound_is_spoken(client, bring, monkeypatch):
    found = spoken(monkeypatch, client)
    response = await bring()
    answer = await response.text()
    assert (response.status, response.headers["Content-Type"]) == (201, "application/sdp")
    assert response.headers["Location"].startswith(f"{ENDPOINT}/") and response.headers["ETag"]
    assert answer.count("a=recvonly") == 2 and "a=sendonly" not in answer, "OBS wants both taken"
    assert "m=audio 0" not in answer and "m=video 0" not in answer
    await until(lambda: found == ["speak"])
    state = await (await client.get("/api/v1/avatars/main")).json()
    assert state["renditions"] == [], "who brings sound costs no picture"


async def test_video_is_let_go_before_it_is_decrypted(client, bring):
    from avatar_rtc.server.http.keys import AVATARS

    response = await bring()
    viewer = client.server.app[AVATARS]["main"].viewers.all()[0]
    await until(lambda: viewer.peer.heard.blocks > 5)
    assert {97, 98} <= viewer.peer._guard.unread and 96 not in viewer.peer._guard.unread
    transceivers = {each.kind: each for each in viewer.peer._pc.getTransceivers()}
    assert transceivers["video"].currentDirection == "inactive"
    assert (await client.delete(response.headers["Location"])).status == 200
    await until(lambda: not len(client.server.app[AVATARS]["main"].viewers))


async def test_it_may_be_listened_to_instead(client, bring, monkeypatch):
    from avatar_rtc.server.http.keys import AVATARS

    found = spoken(monkeypatch, client)
    await bring("?microphone=listen", Voice())
    viewer = client.server.app[AVATARS]["main"].viewers.all()[0]
    await until(lambda: viewer.peer.heard.blocks > 30)
    assert viewer.session is not None and found == []


async def test_its_resource_is_as_of_whep(client, bring):
    response = await bring()
    resource, tag = response.headers["Location"], response.headers["ETag"]
    assert (await client.get(resource)).status == (await client.head(resource)).status == 204
    patched = await client.patch(resource, data=CANDIDATE, headers={**FRAGMENT, "If-Match": tag})
    assert patched.status == 204
    restart = await client.patch(resource, data="a=ice-ufrag:other", headers={**FRAGMENT, "If-Match": "*"})
    assert restart.status == 422
    assert (
        await client.patch(resource, data=CANDIDATE, headers={**FRAGMENT, "If-Match": '"x"'})
    ).status == 412
    assert (await client.delete(resource)).status == (await client.delete(resource)).status == 200
    assert (await client.get(resource)).status == 404


async def test_options_tell_what_is_taken(client):
    options = await client.options(ENDPOINT)
    assert options.status == 204 and options.headers["Accept-Post"] == "application/sdp"
    assert (await client.get(ENDPOINT)).status == 200


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (ENDPOINT, SDP, "", 400),
        (ENDPOINT, SDP, "hello", 400),
        (ENDPOINT, SDP, "x" * 100_000, 413),
        (ENDPOINT, {"Content-Type": "application/json"}, "{}", 415),
        (f"{ENDPOINT}?microphone=off", SDP, "v=0", 400),
        (f"{ENDPOINT}?microphone=shout", SDP, "v=0", 400),
        ("/api/v1/avatars/nobody/whip", SDP, "v=0", 404),
    ],
)
async def test_bad_posts_are_refused_with_a_problem(client, path, headers, body, status):
    response = await client.post(path, data=body, headers=headers)
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"]) == (status, status) and problem["detail"]


async def test_without_sound_there_is_nothing_to_take(client, bring, offer):
    response = await bring("", VideoStreamTrack())
    assert response.status == 400 and "Add audio" in (await response.json(content_type=None))["detail"]
    response = await client.post(ENDPOINT, data=await offer("video", "audio"), headers=SDP)
    assert response.status == 400, "who wants to watch uses WHEP"


async def test_a_server_without_microphones_takes_none(serve, config, offer):
    client = await serve(config.model_copy(update={"microphone": False}))
    assert (await client.post(ENDPOINT, data=await offer("audio"), headers=SDP)).status == 403


async def test_it_takes_who_may_control(serve, config, offer, tmp_path, bring):
    secret = tmp_path / "secret"
    secret.write_text("s" * 48)
    client = await serve(config.model_copy(update={"access": AccessConfig(secret=f"file:{secret}")}))
    statuses = []
    for grant in (None, Grant("view"), Grant("control", "other"), Grant("control", "main")):
        token = grant and make_token(b"s" * 48, grant, time.time(), 60, "", "")
        headers = SDP | ({"Authorization": f"Bearer {token}"} if token else {})
        statuses.append((await client.post(ENDPOINT, data="v=0", headers=headers)).status)
    assert statuses == [401, 403, 403, 400]
    assert (await client.options(ENDPOINT)).status == 204


PUSH = """
import sys, time, av, numpy as np
url, cert, key = sys.argv[1:]
out = av.open(url, "w", format="whip", options={"cert_file": cert, "key_file": key})
video = out.add_stream("libx264", rate=30, options={"preset": "ultrafast", "tune": "zerolatency", "bf": "0"})
video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
audio = out.add_stream("libopus", rate=48000, layout="stereo")
begun = time.monotonic()
for n in range(100):
    tone = np.repeat((9000 * np.sin(np.arange(960 * n, 960 * n + 960) / 20)).astype(np.int16), 2)
    frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="stereo")
    frame.sample_rate, frame.pts = 48000, 960 * n
    out.mux(audio.encode(frame))
    if n % 2:
        picture = av.VideoFrame.from_ndarray(np.full((240, 320, 3), n, np.uint8))
        picture.pts = n // 2
        out.mux(video.encode(picture))
    time.sleep(max(0, begun + n / 50 - time.monotonic()))
out.close()
"""


@pytest.mark.realtime
async def test_ffmpeg_brings_sound(client, tmp_path, monkeypatch):
    """Its own key is on a curve that our OpenSSL does not know, so it gets one."""
    cert, key = make_certificate(tmp_path)
    found = spoken(monkeypatch, client)
    url = str(client.make_url(ENDPOINT))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PUSH, url, str(cert), str(key), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert found == ["speak"]
    state = await (await client.get("/api/v1/avatars/main")).json()
    assert state["viewers"] == 0, "it has said goodbye"
