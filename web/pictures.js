/** Tells of each picture of a video when it is shown, once. */

export class Pictures {
  #video;
  #isLive;
  #tell;
  #request = 0;
  #last = -1;

  /** @param {HTMLVideoElement} video @param {() => boolean} isLive @param {(metadata: object) => void} tell */
  constructor(video, isLive, tell) {
    this.#video = video;
    this.#isLive = isLive;
    this.#tell = tell;
  }

  /** Whether there was one so far. */
  get hasBegun() { return this.#last !== -1; }

  start() {
    this.stop();
    const hasCallback = 'requestVideoFrameCallback' in this.#video;
    this.#request = hasCallback
      ? this.#video.requestVideoFrameCallback((_now, metadata) => this.#look(metadata))
      : requestAnimationFrame(() => this.#look({ mediaTime: this.#video.currentTime }));
  }

  stop() {
    this.#video.cancelVideoFrameCallback?.(this.#request);
    cancelAnimationFrame(this.#request);
  }

  #look(metadata) {
    this.start();
    if (!this.#isLive()) return; // Chromium ends a lost stream with a black picture of 2 x 2
    // By number where there is one: in Firefox all pictures of a stream have the time 0.
    const picture = metadata.presentedFrames ?? metadata.mediaTime;
    if (picture === this.#last) return; // an animation frame without a new picture
    this.#last = picture;
    this.#tell(metadata);
  }
}
