"""python play_gstreamer.py URL SECONDS: watch by GStreamer's webrtcbin (libnice); prints as play.cjs does.

For the system's Python, which has GStreamer's bindings; of the project it needs nothing.
"""

import json
import sys
import urllib.request
from typing import Any

import gi  # type: ignore[import-not-found]

for name in ("Gst", "GstWebRTC", "GstSdp"):
    gi.require_version(name, "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # type: ignore[import-not-found]  # noqa: E402

URL, SECONDS = sys.argv[1], float(sys.argv[2])
CAPS = {
    "video": "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=102,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f",
    "audio": "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=111",
}


class Player:
    """One webrtcbin that offers to receive, and counts what comes."""

    def __init__(self) -> None:
        self.loop, self.pipeline = GLib.MainLoop(), Gst.Pipeline.new()
        self.rtc = Gst.ElementFactory.make("webrtcbin")
        self.rtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.rtc)
        for caps in CAPS.values():
            receive = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            self.rtc.emit("add-transceiver", receive, Gst.Caps.from_string(caps))
        self.statuses: list[str] = []
        self.states: list[str] = []
        self.packets, self.first, self.since = 0, 0, 0.0
        self.rtc.connect("on-negotiation-needed", self.offer)
        self.rtc.connect("pad-added", self.take)
        self.rtc.connect("notify::ice-gathering-state", self.gathered)
        self.pipeline.set_state(Gst.State.PLAYING)
        GLib.timeout_add(500, self.look)

    def offer(self, rtc: Any) -> None:
        rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise: Any) -> None:
        reply = promise.get_reply()  # what it holds lives as long as it does
        self.rtc.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def gathered(self, rtc: Any, _: Any) -> None:
        if rtc.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        offer = rtc.get_property("local-description").sdp.as_text().encode()
        request = urllib.request.Request(URL, offer, {"Content-Type": "application/sdp"}, method="POST")
        with urllib.request.urlopen(request) as response:
            self.statuses.append(f"POST {response.status}")
            _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        rtc.emit("set-remote-description", answer, Gst.Promise.new())

    def take(self, _: Any, pad: Any) -> None:
        if pad.direction != Gst.PadDirection.SRC:
            return
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        pad.add_probe(Gst.PadProbeType.BUFFER, self.count)

    def count(self, *_: Any) -> Any:
        self.packets += 1
        return Gst.PadProbeReturn.OK

    def look(self) -> bool:
        self.states.append(self.rtc.get_property("connection-state").value_nick)
        now = GLib.get_monotonic_time() / 1e6
        if self.packets and not self.since:
            self.since, self.first = now, self.packets
        if self.since and now - self.since >= SECONDS:
            self.loop.quit()
        return True


Gst.init(None)
player = Player()
player.loop.run()
print(
    json.dumps(
        {
            "statuses": player.statuses,
            "states": player.states,
            "packets": [player.first, player.packets],
        }
    )
)
