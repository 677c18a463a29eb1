/** A microphone, and how loud what it hears is. Nothing of that is kept. */

import { openMicrophone, release } from './devices.js';

const SAMPLES = 1024; // about 20 ms
const SILENCE_DB = -100;

/** Root mean square of samples in -1..1, in dB; -100 is silence. @param {Float32Array|number[]} samples */
export function levelDb(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return Math.max(SILENCE_DB, 10 * Math.log10(power || Number.MIN_VALUE));
}

export class Microphone {
  #stream = null;
  #context = null;
  #analyser = null;
  #samples = new Float32Array(SAMPLES);

  get isOn() { return this.#stream !== null; }

  /** A MediaStream while it is on. */
  get stream() { return this.#stream; }

  /**
   * @param {{deviceId?: string, instead?: string}} which '' is the browser's own choice; instead: said after what is wrong.
   * @throws {Error} with a sentence, if there is none.
   */
  async start({ deviceId = '', instead = '' } = {}) {
    this.#stream = await openMicrophone(deviceId, instead);
    this.#context = new AudioContext();
    this.#analyser = new AnalyserNode(this.#context, { fftSize: SAMPLES });
    new MediaStreamAudioSourceNode(this.#context, { mediaStream: this.#stream }).connect(this.#analyser);
    // Not waited for: before a finger is lifted, some browsers let nothing run; what it hears goes its way all the same.
    this.#context.resume().catch(() => {});
  }

  /** @returns {number} the level now, dB. */
  level() {
    if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelDb(this.#samples);
  }

  stop() {
    release(this.#stream);
    this.#context?.close();
    this.#stream = this.#context = this.#analyser = null;
  }
}
