/** What an element does with the viewer's own voice: opens a microphone, hands it on, and notices when it is gone. */

export const MODES = ['listen', 'speak', 'off'];

const UNPLUGGED = 'The microphone was unplugged, or taken from this page. Plug it in or allow it, then start again.';
const OLDER = 'This server cannot listen, so the avatar says what you say.';
const SILENT = 'The stream for the microphone holds no sound.';

export class Talk {
  #tell;
  #connection = null;
  #microphone = null; // of microphone.js, if it was opened here
  #device = '';
  #stream = null;
  #mode = 'off';
  #wishes = 0; // how many there were: an older one ends when a newer one comes

  /** @param {(mode: string, reason: string) => void} tell of every change; the reason where nobody asked for it. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** listen | speak | off */
  get mode() { return this.#mode; }

  /** The MediaStream that goes out, or null. */
  get stream() { return this.#stream; }

  /** How loud the microphone that was opened here is, in dB; null without one. */
  get levelDb() { return this.#microphone?.level() ?? null; }

  /** Go by this AvatarConnection from now on, before it connects; by none, null. When it is over, so is the talk. */
  attach(connection) {
    this.#connection = connection;
    if (!connection) return;
    const follow = (type, act) => connection.addEventListener(type, ({ detail }) => {
      if (connection === this.#connection) act(detail);
    });
    follow('microphone', ({ mode, reason }) => this.#become(mode, reason));
    follow('statechange', ({ state }) => { if (state === 'closed' || state === 'failed') this.set('off'); });
    if (this.#mode !== 'off') connection.setMicrophone(this.#mode, this.#track());
  }

  /**
   * @param {'listen'|'speak'|'off'} mode
   * @param {{device?: string, stream?: ?MediaStream}} from a device's id, '' is the browser's choice; or a stream of the caller's.
   * @returns {Promise<string>} the mode that it is now. @throws {Error} with a sentence.
   */
  async set(mode, { device = '', stream = null } = {}) {
    if (!MODES.includes(mode)) throw new Error(`the microphone’s mode is “${mode}”, but must be listen, speak or off`);
    if (stream && !stream.getAudioTracks().length) throw new Error(SILENT);
    const wish = ++this.#wishes;
    if (mode === 'off') {
      this.#become('off');
      await this.#connection?.setMicrophone('off');
      return 'off';
    }
    const isSame = !stream && this.#microphone && this.#device === device;
    const opened = stream || isSame ? null : await open(device);
    if (wish !== this.#wishes) {
      opened?.stop();
      return this.#mode;
    }
    if (!isSame) this.#use(opened, stream ?? opened.stream, device);
    try {
      const taken = await this.#connection?.setMicrophone(mode, this.#track()) ?? mode;
      if (wish === this.#wishes) this.#become(taken, taken === mode ? '' : OLDER);
    } catch (error) {
      if (wish === this.#wishes) this.#become('off');
      throw error;
    }
    return this.#mode;
  }

  #track() { return this.#stream?.getAudioTracks()[0] ?? null; }

  #use(microphone, stream, device) {
    this.#microphone?.stop();
    [this.#microphone, this.#stream, this.#device] = [microphone, stream, device];
    this.#track().addEventListener('ended', () => { // not fired where the page itself stops it
      if (stream !== this.#stream) return;
      this.#wishes += 1;
      this.#connection?.setMicrophone('off');
      this.#become('off', UNPLUGGED);
    });
  }

  #become(mode, reason = '') {
    if (mode === 'off') {
      this.#microphone?.stop();
      this.#microphone = this.#stream = null;
    }
    if (mode === this.#mode && !reason) return;
    this.#mode = mode;
    this.#tell(mode, reason);
  }
}

/** Asked for when it is wanted: most who watch never talk. */
async function open(deviceId) {
  const { Microphone } = await import('./microphone.js');
  const microphone = new Microphone();
  await microphone.start({ deviceId });
  return microphone;
}
