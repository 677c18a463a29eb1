/** On the sound's own thread: what the microphone hears, as blocks of signed 16-bit samples. */

const BLOCK = 960; // samples: 20 ms at 48 kHz

class Voice extends AudioWorkletProcessor {
  #block = new Int16Array(BLOCK);
  #filled = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.#block[this.#filled] = Math.max(-1, Math.min(1, sample)) * 32_767;
      this.#filled += 1;
      if (this.#filled === BLOCK) {
        this.port.postMessage(this.#block.buffer.slice(0));
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('voice', Voice);
