/** How large a canvas is on the screen, in the screen's own pixels. */

export class CanvasBox {
  #width = 0;
  #height = 0;
  #observer;

  /** @param {HTMLCanvasElement} canvas @param {() => void} onChange after its size, or the page's zoom, has changed. */
  constructor(canvas, onChange) {
    this.#observer = new ResizeObserver(([entry]) => {
      // Safari has no device pixels: there they are computed, and may be off by one.
      const [exact] = entry.devicePixelContentBoxSize ?? [];
      const { width, height } = entry.contentRect;
      this.#width = exact?.inlineSize ?? Math.round(width * devicePixelRatio);
      this.#height = exact?.blockSize ?? Math.round(height * devicePixelRatio);
      onChange();
    });
    try {
      this.#observer.observe(canvas, { box: 'device-pixel-content-box' });
    } catch {
      this.#observer.observe(canvas);
    }
  }

  /**
   * How much a picture of these sides is enlarged on the screen; 0 while the canvas is not shown.
   * @param {string} fit cover, fill, or whatever else is taken for contain
   */
  scale(width, height, fit) {
    const [across, down] = [this.#width / width, this.#height / height];
    return fit === 'cover' || fit === 'fill' ? Math.max(across, down) : Math.min(across, down);
  }

  close() {
    this.#observer.disconnect();
  }
}
