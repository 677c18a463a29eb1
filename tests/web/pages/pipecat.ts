// Pipecat's own web client, as its users write it; what happens is told in globals.
import { PipecatClient } from '@pipecat-ai/client-js';
import { SmallWebRTCTransport, WavMediaManager } from '@pipecat-ai/small-webrtc-transport';

const page = window as unknown as Record<string, unknown>;
const happened: string[] = (page.happened = []);
const video = document.body.appendChild(document.createElement('video'));
Object.assign(video, { muted: true, autoplay: true, playsInline: true });

// This machine has no microphone, and its media manager wants one.
const stand = new AudioContext().createMediaStreamDestination().stream;
navigator.mediaDevices.getUserMedia = async () => stand.clone();

// Its other media manager loads a script of Daily's from their site.
const transport = new SmallWebRTCTransport({ mediaManager: new WavMediaManager() });
const client = new PipecatClient({
  transport,
  enableMic: false,
  enableCam: false,
  callbacks: {
    onConnected: () => happened.push('connected'),
    onDisconnected: () => happened.push('disconnected'),
    onBotReady: () => happened.push('ready'),
    onTrackStarted: (track, participant) => {
      if (participant?.local) return;
      happened.push(track.kind);
      if (track.kind === 'video') video.srcObject = new MediaStream([track]);
    },
  },
});
page.client = client;
page.picture = () => `${video.videoWidth}x${video.videoHeight}`;
page.peer = () => (transport as unknown as { pc_id: string }).pc_id;
client
  .connect({ webrtcUrl: new URLSearchParams(location.search).get('src') ?? '' })
  .catch((error: unknown) => happened.push(`failed: ${error}`));
