// node play.cjs PLAYER URL SECONDS: watch by a player of others from its first packet on, so many seconds.
// Prints {"statuses": […], "states": […], "packets": [first, last]}; NODE_PATH says where the packages are.
const [player, whep, seconds] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const statuses = [];
const states = [];
const bare = globalThis.fetch;
globalThis.fetch = async (url, options = {}) => {
  const response = await bare(url, options);
  statuses.push(`${options.method ?? 'GET'} ${response.status}`);
  return response;
};

function libwebrtc() {
  const { RTCPeerConnection, RTCSessionDescription, MediaStream } = require('@roamhq/wrtc');
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, MediaStream });
  return RTCPeerConnection;
}

const inbound = async (pc) => {
  const stats = [...(await pc.getStats()).values()];
  return stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')?.packetsReceived ?? 0;
};

const PLAYERS = {
  async 'whip-whep'() {
    const pc = new (libwebrtc())();
    const { WHEPClient } = await import(require.resolve('whip-whep/whep.js'));
    for (const kind of ['video', 'audio']) pc.addTransceiver(kind, { direction: 'recvonly' });
    await new WHEPClient().view(pc, whep);
    return { pc, packets: () => inbound(pc) };
  },
  async '@eyevinn/webrtc-player'() {
    const RTC = libwebrtc();
    let pc = null;
    globalThis.RTCPeerConnection = class extends RTC {
      constructor(...options) {
        super(...options);
        pc = this;
      }

      getStats(selector) {
        return selector ? super.getStats(selector) : super.getStats(); // it takes no null
      }
    };
    const { WebRTCPlayer } = require('@eyevinn/webrtc-player');
    const video = { load() {}, srcObject: null };
    await new WebRTCPlayer({ video, type: 'whep', statsTypeFilter: '^none$' }).load(new URL(whep));
    return { get pc() { return pc; }, packets: () => inbound(pc) };
  },
  async werift() {
    const { RTCPeerConnection, useH264, useOPUS } = require('werift');
    const pc = new RTCPeerConnection({ codecs: { video: [useH264()], audio: [useOPUS()] }, iceServers: [] });
    let count = 0;
    for (const kind of ['video', 'audio']) {
      const { receiver } = pc.addTransceiver(kind, { direction: 'recvonly' });
      receiver.track?.onReceiveRtp?.subscribe(() => { count += 1; });
    }
    pc.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(() => { count += 1; }));
    await pc.setLocalDescription(await pc.createOffer());
    const headers = { 'Content-Type': 'application/sdp' };
    const response = await fetch(whep, { method: 'POST', headers, body: pc.localDescription.sdp });
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    return { pc, packets: async () => count };
  },
};

async function main() {
  const playing = await PLAYERS[player]();
  let begun = 0;
  let first = 0;
  const every = setInterval(async () => {
    states.push(playing.pc?.connectionState);
    const packets = await playing.packets();
    if (packets && !begun) [begun, first] = [performance.now(), packets];
    if (!begun || performance.now() - begun < 1000 * seconds) return;
    clearInterval(every);
    console.log(JSON.stringify({ statuses, states, packets: [first, packets] }));
    process.exit(0);
  }, 500);
}

process.on('unhandledRejection', (error) => { console.error(error); process.exit(1); });
main();
