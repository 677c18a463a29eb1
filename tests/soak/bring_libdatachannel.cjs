// node bring_libdatachannel.cjs URL SECONDS: brings sound and video by WHIP as OBS does, which uses the same library.
// Prints {"opened": […], "sent": {…}}; needs the package node-datachannel (NODE_PATH says where).
const rtc = require("node-datachannel");

const [url, seconds] = [process.argv[2], Number(process.argv[3])];
// One packet of Opus: 20 ms of silence.
const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
const opened = [];
const sent = { audio: 0, video: 0 };

function packet(type, number, time, source) {
  const head = Buffer.alloc(12);
  head.writeUInt8(0x80, 0);
  head.writeUInt8(type, 1);
  head.writeUInt16BE(number & 0xffff, 2);
  head.writeUInt32BE(time >>> 0, 4);
  head.writeUInt32BE(source, 8);
  return Buffer.concat([head, SILENCE]);
}

async function main() {
  const pc = new rtc.PeerConnection("obs", { iceServers: [], bindAddress: "127.0.0.1", disableAutoNegotiation: true });
  const audio = new rtc.Audio("0", "SendOnly");
  audio.addOpusCodec(111);
  audio.addSSRC(1234, "name", "stream", "sound");
  const video = new rtc.Video("1", "SendOnly");
  video.addH264Codec(96);
  video.addSSRC(5678, "name", "stream", "picture");
  const tracks = { audio: pc.addTrack(audio), video: pc.addTrack(video) };
  for (const [kind, track] of Object.entries(tracks)) track.onOpen(() => opened.push(kind));
  const gathered = new Promise((done) => pc.onGatheringStateChange((state) => state === "complete" && done()));
  pc.setLocalDescription("offer");
  await gathered;
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: pc.localDescription().sdp,
  });
  pc.setRemoteDescription(await response.text(), "answer");
  let number = 0;
  const sending = setInterval(() => {
    number += 1;
    for (const [kind, track] of Object.entries(tracks)) {
      const [type, source] = kind === "audio" ? [111, 1234] : [96, 5678];
      if (track.isOpen() && track.sendMessageBinary(packet(type, number, number * 960, source))) sent[kind] += 1;
    }
  }, 20);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  clearInterval(sending);
  await fetch(new URL(response.headers.get("location"), url), { method: "DELETE" });
  console.log(JSON.stringify({ status: response.status, opened: opened.sort(), sent }));
  process.exit(0);
}

main();
