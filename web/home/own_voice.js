/**
 * Talk with one's own voice: what the microphone hears is said by the avatar, from one press of a button to the next.
 *
 * It goes by the WebSocket of streamed sound, which needs what speaking needs, and nothing set up by the operator.
 * Meanwhile this page is silent: nobody can talk who hears itself half a second later.
 */

import { address } from '../api.js';
import { key } from '../key.js';

const INSECURE = 'Browsers give no microphone to a page that came over http. Open it over https, or on the machine that serves it.';
const FAULTS = {
  NotAllowedError: 'The browser lets this page have no microphone. Allow it beside the address, and press again.',
  NotFoundError: 'This machine has no microphone.',
  NotReadableError: 'Another program has the microphone.',
};

export class OwnVoice {
  #button;
  #avatar;
  #path;
  #complain;
  #announce;
  #onSpoken;
  #line = null; // {socket, context, stream} while it talks
  #isOpening = false;
  #wasMuted = false;

  /**
   * @param {HTMLButtonElement} button stays pressed meanwhile. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {{path: string, complain: (error: Error) => void, announce: (text: string) => void, onSpoken: () => void}} around
   *   path: the avatar's, below /api/v1/.
   */
  constructor(button, avatar, { path, complain, announce, onSpoken }) {
    this.#button = button;
    this.#avatar = avatar;
    this.#path = path;
    this.#complain = complain;
    this.#announce = announce;
    this.#onSpoken = onSpoken;
    button.addEventListener('click', () => (this.#line ? this.#end() : this.#begin()));
    addEventListener('pagehide', () => this.#end());
  }

  async #begin() {
    if (this.#isOpening) return;
    this.#isOpening = true;
    let stream = null;
    try {
      if (!navigator.mediaDevices) throw new Error(INSECURE);
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, channelCount: 1 } });
      await this.#connect(stream);
    } catch (error) {
      release(stream);
      this.#complain(error.name in FAULTS ? new Error(FAULTS[error.name]) : error);
    } finally {
      this.#isOpening = false;
    }
  }

  async #connect(stream) {
    const context = new AudioContext();
    try {
      await context.audioWorklet.addModule(new URL('voice_worklet.js', import.meta.url));
      const socket = await opened(this.#path);
      this.#line = { socket, context, stream };
      socket.send(JSON.stringify({ type: 'speech.begin', sample_rate: context.sampleRate }));
      const heard = new AudioWorkletNode(context, 'voice', { numberOfOutputs: 0 });
      heard.port.addEventListener('message', ({ data }) => this.#send(data));
      heard.port.start();
      context.createMediaStreamSource(stream).connect(heard);
      socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(data)));
      socket.addEventListener('close', ({ reason }) => {
        if (this.#line?.socket !== socket) return;
        this.#end();
        this.#complain(new Error(reason || 'The server hung up.'));
      });
    } catch (error) {
      context.close();
      throw error;
    }
    this.#wasMuted = this.#avatar.muted;
    this.#avatar.muted = true;
    this.#draw(true);
    this.#announce('The avatar says what you say. Press again to end.');
    this.#onSpoken();
  }

  #send(block) {
    const peak = new Int16Array(block).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.#button.style.setProperty('--level', (peak / 32_768).toFixed(2));
    if (this.#line?.socket.readyState === WebSocket.OPEN) this.#line.socket.send(block);
  }

  #hear({ type, detail }) {
    if (type === 'error') this.#complain(new Error(detail));
    else if (type === 'speech.finished') this.#end(); // stopped by somebody
  }

  #end() {
    if (!this.#line) return;
    const { socket, context, stream } = this.#line;
    this.#line = null;
    release(stream);
    context.close();
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'speech.end' }));
    // The line itself ends when what was said is over: what it has begun ends with it.
    socket.addEventListener('message', ({ data }) => { if (JSON.parse(data).type === 'speech.finished') socket.close(); });
    this.#avatar.muted = this.#wasMuted;
    this.#draw(false);
    this.#announce('The microphone is off.');
  }

  #draw(isOn) {
    this.#button.setAttribute('aria-pressed', String(isOn));
    this.#button.title = isOn ? 'It says what you say; press to end' : 'Talk to it: it says what you say';
    this.#button.style.setProperty('--level', 0);
  }
}

/** @returns {Promise<WebSocket>} of the avatar's streamed sound, open. */
function opened(path) {
  const url = new URL(address(`${path}/audio`));
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url, key() ? ['avatar-rtc', `bearer.${key()}`] : ['avatar-rtc']);
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket), { once: true });
    socket.addEventListener('error', () => reject(new Error('The server takes no sound from here.')), { once: true });
  });
}

function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
