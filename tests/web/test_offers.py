"""Offers of a real Chromium, plain and odd: it takes our answers, and sees and hears what it may.

Its `setRemoteDescription` is a judge of answers that knows nothing of ours.
"""

from typing import Any

import pytest

pytestmark = pytest.mark.browser

PLAY = """
async (cases) => Promise.all(cases.map(async ({ media, options, munge, data, codecs, feature }) => {
  const pc = new RTCPeerConnection(options ?? {});
  const frames = () => pc.getStats().then((report) => Math.max(0, ...[...report.values()]
    .filter((it) => it.type === "inbound-rtp" && it.kind === feature)
    .map((it) => it.framesDecoded ?? it.packetsReceived)));
  try {
    if (data) pc.createDataChannel("control");
    const transceivers = media.map(([kind, direction]) => pc.addTransceiver(kind, { direction }));
    const told = (it) => `${it.mimeType};${it.sdpFmtpLine ?? ""}`;
    const wanted = (it) => codecs.some((each) => told(it).match(new RegExp(each)));
    const all = RTCRtpReceiver.getCapabilities("video").codecs;
    transceivers.forEach((it, at) => {
      if (codecs?.length && media[at][0] === "video") it.setCodecPreferences(all.filter(wanted));
      if (media[at][2]) it.setCodecPreferences(RTCRtpReceiver.getCapabilities(media[at][0]).codecs
        .filter((each) => each.mimeType === media[at][2]));
    });
    await pc.setLocalDescription();
    const sdp = new Function("sdp", `return ${munge ?? "sdp"};`)(pc.localDescription.sdp);
    const headers = { "Content-Type": "application/sdp" };
    const response = await fetch("/api/v1/avatars/main/whep", { method: "POST", headers, body: sdp });
    const answer = await response.text();
    if (response.status !== 201) return { sdp, answer };
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    const end = performance.now() + 60000;  // only ends a test that hangs; the worker may be starting yet
    const done = async () => pc.connectionState === "connected"
      && (feature ? await frames() > 0 : pc.sctp.state === "connected");
    while (!await done() && performance.now() < end) await new Promise((next) => setTimeout(next, 20));
    const found = { sdp, answer, state: pc.connectionState, played: await done() };
    await fetch(response.headers.get("Location"), { method: "DELETE" });
    return { ...found, directions: transceivers.map((it) => it.currentDirection) };
  } catch (error) {
    return { error: `${error}` };
  } finally {
    pc.close();
  }
}))
"""
AT_ONCE = 5
VIDEO, AUDIO = ("video", "recvonly"), ("audio", "recvonly")
G711 = ("audio", "recvonly", "audio/PCMU")
AV1, VP9 = ("video", "recvonly", "video/AV1"), ("video", "recvonly", "video/VP9")


def case(*media: tuple[str, ...], directions: str, feature: str = "video", **more: Any) -> dict[str, Any]:
    """An offer of these transceivers, what becomes of each of them, and what has to come."""
    return {"media": media, "want": directions.split(), "feature": feature, **more}


CASES = {
    "plain": case(VIDEO, AUDIO, directions="recvonly recvonly"),
    "sound alone": case(AUDIO, directions="recvonly", feature="audio"),
    "data alone": case(directions="", feature="", data=True),
    "everything": case(AUDIO, VIDEO, directions="recvonly recvonly", data=True),
    "sound first that cannot be served": case(G711, VIDEO, directions="inactive recvonly"),
    "the same, all in one": case(
        G711, VIDEO, directions="inactive recvonly", options={"bundlePolicy": "max-bundle"}, data=True
    ),
    "pictures that cannot be served before others, all in one": case(
        AV1,
        VP9,
        VIDEO,
        AUDIO,
        directions="inactive stopped recvonly recvonly",
        options={"bundlePolicy": "max-bundle"},
    ),
    "sound behind that cannot be served, all in one": case(
        VIDEO, G711, directions="recvonly stopped", options={"bundlePolicy": "max-bundle"}
    ),
    "sound first that is off": case(
        AUDIO, VIDEO, directions="stopped recvonly", munge="sdp.replace('m=audio 9', 'm=audio 0')"
    ),
    "the same, each for itself": case(
        G711, VIDEO, AUDIO, directions="inactive recvonly recvonly", options={"bundlePolicy": "max-compat"}
    ),
    "unknown pictures around one": case(
        AV1, VIDEO, VP9, AUDIO, directions="inactive recvonly stopped recvonly"
    ),
    "unknown pictures alone, and sound": case(AV1, AUDIO, directions="inactive recvonly", feature="audio"),
    "inactive first": case(("video", "inactive"), VIDEO, directions="inactive recvonly"),
    "sending first": case(("video", "sendonly"), ("video", "sendrecv"), directions="inactive recvonly"),
    "several": case(VIDEO, VIDEO, AUDIO, AUDIO, directions="recvonly inactive recvonly inactive"),
    "no bundle": case(
        VIDEO, AUDIO, directions="recvonly recvonly", munge=r"sdp.replace(/a=group.*\r\n/, '')"
    ),
    "no bundle, and data": case(
        VIDEO, AUDIO, directions="recvonly recvonly", munge=r"sdp.replace(/a=group.*\r\n/, '')", data=True
    ),
    "high profile alone": case(VIDEO, directions="recvonly", codecs=["64001f"]),
    "main profile alone": case(VIDEO, directions="recvonly", codecs=["4d001f"]),
    "single NAL units alone": case(VIDEO, directions="recvonly", codecs=["H264.*mode=0.*42001f"]),
    "no a=fmtp": case(
        VIDEO,
        directions="recvonly",
        codecs=["H264.*mode=0.*42e01f"],
        munge=r"sdp.replace(/a=fmtp.*\r\n/g, '')",
    ),
    "bare lines": case(VIDEO, AUDIO, directions="recvonly recvonly", munge=r"sdp.replaceAll('\r\n', '\n\n')"),
    "stray lines": case(
        VIDEO,
        AUDIO,
        directions="recvonly recvonly",
        munge=r"sdp.replaceAll('a=mid', 'y=?\r\nno line\r\na=extmap:4\r\na=ssrc:x\r\na=fmtp:200 a\r\n"
        r"a=candidate:1 x y z\r\nb=X-?\r\na=rtcp-fb\r\na=mid')",
    ),
    "told once above": case(
        VIDEO,
        AUDIO,
        directions="recvonly recvonly",
        munge=r"((told) => sdp.replace(/a=(ice-ufrag|ice-pwd|fingerprint|setup):.*\r\n/g, '')"
        r".replace('m=', told.slice(0, 4).join('\r\n') + '\r\nm='))"
        r"(sdp.match(/a=(ice-ufrag|ice-pwd|fingerprint|setup):.*/g))",
    ),
    "without a=setup": case(VIDEO, directions="recvonly", munge=r"sdp.replace(/a=setup.*\r\n/g, '')"),
    "we are passive": case(
        VIDEO, directions="recvonly", munge="sdp.replaceAll('setup:actpass', 'setup:active')"
    ),
    "we are active": case(
        VIDEO, directions="recvonly", munge="sdp.replaceAll('setup:actpass', 'setup:passive')"
    ),
    "another hash beside": case(
        VIDEO,
        directions="recvonly",
        munge=r"sdp.replaceAll('a=fingerprint', 'a=fingerprint:sha-1 ' + Array(20).fill('AB').join(':')"
        r" + '\r\na=fingerprint')",
    ),
    "another certificate beside": case(
        VIDEO,
        directions="recvonly",
        munge=r"sdp.replaceAll('a=fingerprint', 'a=fingerprint:sha-256 ' + Array(32).fill('AB').join(':')"
        r" + '\r\na=fingerprint')",
    ),
    "other protocols": case(
        VIDEO, AUDIO, directions="recvonly recvonly", munge="sdp.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/SAVPF')"
    ),
}


def test_chromium_plays_what_it_offers_however_odd(open_page: Any) -> None:
    tab = open_page("/icon.svg", answers={"**/favicon.ico": None}).tab
    found: list[Any] = []
    for start in range(0, len(CASES), AT_ONCE):
        found += tab.evaluate(PLAY, list(CASES.values())[start : start + AT_ONCE])
    wrong = {
        name: got
        for (name, want), got in zip(CASES.items(), found, strict=True)
        if not got.get("played") or got["directions"] != want["want"]
    }
    assert not wrong, {name: {**got, "sdp": "", "answer": ""} for name, got in wrong.items()}
