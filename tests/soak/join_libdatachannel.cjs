// node join_libdatachannel.cjs URL COUNT AT_ONCE: so many viewers by libdatachannel, each offers, connects, leaves.
// Prints {"connected": n, "failed": n, …}; needs the package node-datachannel (NODE_PATH says where).
const rtc = require("node-datachannel");

const [base, count, atOnce] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const SETTLED = ["connected", "failed", "closed"];
const outcomes = {};

function within(promise, ms, otherwise) {
  return Promise.race([promise, new Promise((done) => setTimeout(done, ms, otherwise))]);
}

async function join(number) {
  const pc = new rtc.PeerConnection(`viewer ${number}`, { iceServers: [], bindAddress: "127.0.0.1" });
  const settled = new Promise((done) => pc.onStateChange((state) => SETTLED.includes(state) && done(state)));
  const gathered = new Promise((done) => pc.onGatheringStateChange((state) => state === "complete" && done()));
  const video = new rtc.Video("video", "RecvOnly");
  video.addH264Codec(102, "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
  const audio = new rtc.Audio("audio", "RecvOnly");
  audio.addOpusCodec(111);
  const tracks = [pc.addTrack(video), pc.addTrack(audio)];
  pc.setLocalDescription("offer");
  await within(gathered, 3000);
  const response = await fetch(`${base}api/v1/avatars/main/whep`, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: pc.localDescription().sdp,
  });
  let outcome = `HTTP ${response.status}`;
  if (response.status === 201) {
    pc.setRemoteDescription(await response.text(), "answer");
    outcome = await within(settled, 12000, "nothing");
    await fetch(new URL(response.headers.get("location"), base), { method: "DELETE" });
  }
  outcomes[outcome] = (outcomes[outcome] || 0) + 1;
  tracks.forEach((track) => track.close());
  pc.close();
}

async function main() {
  let next = 0;
  const line = async () => {
    while (next < count) await join(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  console.log(JSON.stringify(outcomes));
  process.exit(0);
}

main();
