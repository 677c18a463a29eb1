/** The face tracker, in a frame that shares nothing with this page: /track_face.html. */

const PAGE = new URL('../track_face.html', import.meta.url).href;
const LOADS_S = 60; // 10 MB, and on a slow machine seconds of compiling
const LOOKS_S = 30; // the first picture takes seconds, later ones milliseconds

export class TrackerFrame {
  #frame = document.createElement('iframe');
  #answered = null; // {resolve, reject} of what is under way
  #onMessage = (event) => { if (event.source === this.#frame.contentWindow) this.#settle(event.data); };

  /**
   * @param {boolean} isRefined with irises and finer lips, which costs more.
   * @returns {Promise<TrackerFrame>} once it can look at pictures. @throws {Error} with a sentence, if it cannot.
   */
  static async open(isRefined) {
    const tracker = new TrackerFrame();
    try {
      await tracker.#load();
      await tracker.#ask({ isRefined }, [], LOADS_S);
    } catch (error) {
      tracker.close();
      throw error;
    }
    return tracker;
  }

  constructor() {
    // Without an origin it cannot read the keys of this page, and without `allow` it gets no camera.
    this.#frame.setAttribute('sandbox', 'allow-scripts');
    this.#frame.className = 'hidden';
    this.#frame.title = 'Face tracker';
    this.#frame.tabIndex = -1;
    this.#frame.setAttribute('aria-hidden', 'true');
    this.#frame.src = PAGE;
    addEventListener('message', this.#onMessage);
  }

  /** @param {ImageBitmap} picture goes away with it. @returns {Promise<{landmarks: ?Float32Array, width: number, height: number}>} */
  look(picture) {
    return this.#ask({ picture }, [picture], LOOKS_S);
  }

  /** End it; what is under way is refused. */
  close() {
    removeEventListener('message', this.#onMessage);
    this.#frame.remove();
    this.#settle({ fault: 'it was closed' });
  }

  #load() {
    return new Promise((resolve) => {
      this.#frame.addEventListener('load', resolve, { once: true });
      document.body.append(this.#frame);
    });
  }

  #ask(message, transfer, seconds) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#settle({ fault: 'it does not answer' }), seconds * 1_000);
      this.#answered = { resolve, reject, late };
      this.#frame.contentWindow.postMessage(message, '*', transfer);
    });
  }

  #settle(answer) {
    if (!this.#answered) return;
    const { resolve, reject, late } = this.#answered;
    this.#answered = null;
    clearTimeout(late);
    if (answer.fault === undefined) resolve(answer);
    else reject(new Error(`The face tracker has stopped: ${answer.fault}.`));
  }
}
