/** How loud a microphone is. What it hears stays in the browser, and is not kept. */

import { openMicrophone, release } from './devices.js';
import { levelDb } from './voice_mouth.js';

const SAMPLES = 1024; // about 20 ms

export class Microphone {
  #stream = null;
  #context = null;
  #analyser = null;
  #samples = new Float32Array(SAMPLES);

  get isOn() { return this.#stream !== null; }

  /** @throws {Error} with a sentence, if there is none. */
  async start() {
    const stream = await openMicrophone();
    this.#stream = stream;
    this.#context = new AudioContext();
    this.#analyser = new AnalyserNode(this.#context, { fftSize: SAMPLES });
    new MediaStreamAudioSourceNode(this.#context, { mediaStream: stream }).connect(this.#analyser);
    await this.#context.resume();
  }

  /** @returns {number} the level now, dB. */
  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelDb(this.#samples);
  }

  stop() {
    release(this.#stream);
    this.#context?.close();
    this.#stream = this.#context = this.#analyser = null;
  }
}
