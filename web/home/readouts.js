/** The live figures of this page's connection. */

const HISTORY = 60; // seconds in the curve
const SHORTEST = 6; // with fewer it is a splinter, no curve

const whole = (value) => Math.round(value).toString();
const FIGURES = [
  ['fps', 'Frame rate', 'fps', (f) => whole(f.fps)],
  ['bitrate_bps', 'Bitrate', 'Mb/s', (f) => (f.bitrate_bps / 1e6).toFixed(2)],
  ['round_trip_ms', 'Round trip', 'ms', (f) => whole(f.round_trip_ms)],
  ['jitter_buffer_ms', 'Jitter buffer', 'ms', (f) => whole(f.jitter_buffer_ms)],
  ['decode_ms', 'Decoding', 'ms', (f) => f.decode_ms.toFixed(1)],
  ['made_px', 'Made at', 'px', (f) => whole(f.made_px)],
  ['width', 'Picture', '', (f) => `${f.width} × ${f.height}`],
  ['codec', 'Codec', '', (f) => f.codec],
];

export class Readouts {
  #values = new Map();
  #curve;
  #history = [];

  /** @param {HTMLElement} list an empty <dl>. */
  constructor(list) {
    for (const [key, name, unit] of FIGURES) {
      const $cell = document.createElement('div');
      $cell.dataset.figure = key;
      $cell.innerHTML = `<dt>${name}</dt><dd><b>–</b> <small>${unit}</small></dd>`;
      this.#values.set(key, $cell.querySelector('b'));
      list.append($cell);
    }
    const $fps = list.firstElementChild;
    $fps.insertAdjacentHTML('beforeend', '<svg viewBox="0 0 60 20" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>');
    this.#curve = $fps.querySelector('polyline');
  }

  /**
   * @param {?object} figures of stats.js, with the height of the visible picture; null while not connected.
   * @param {?{px: number, why: string}} size at which the server makes the picture.
   */
  show(figures, size) {
    this.#values.get('made_px').closest('div').title = size?.why ?? '';
    if (figures) figures = { ...figures, made_px: size?.px };
    for (const [key, , , format] of FIGURES) {
      this.#values.get(key).textContent = figures?.[key] == null ? '–' : format(figures);
    }
    if (figures?.fps != null || this.#history.length) this.#history = [...this.#history, figures?.fps ?? 0].slice(-HISTORY);
    if (this.#history.length < SHORTEST) return;
    const top = Math.max(30, ...this.#history);
    const points = this.#history.map((fps, i) => `${HISTORY - this.#history.length + i},${19 - (fps / top) * 18}`);
    this.#curve.setAttribute('points', points.join(' '));
  }
}
