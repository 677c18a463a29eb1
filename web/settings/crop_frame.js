/** The part of the picture that is shown: a frame over the whole of it, drawn by its edges, and the same as numbers. */

import { asked, newestOfEach } from '../api.js';
import { typedControl } from '../controls.js';
import { node } from '../nodes.js';

const LEAST = 1 / 16; // of each side is shown, as the server wants it
const STEP = 0.01;
const NONE = { enabled: false, left: 0, top: 0, right: 1, bottom: 1 };
const SHARE = { type: 'number', minimum: 0, maximum: 1 };
const HELP = {
  left: 'Left edge, 0 is the picture’s own.', top: 'Upper edge, 0 is the picture’s own.',
  right: 'Right edge, 1 is the picture’s own.', bottom: 'Lower edge, 1 is the picture’s own.',
};
const CORNERS = [['left', 'top'], ['right', 'top'], ['left', 'bottom'], ['right', 'bottom']];
const ACROSS = ['left', 'right'];

/** An edge at a place, as far as its opposite lets it. @returns {number} with four digits. */
function clamped(edge, to, crop) {
  const [low, high] = ['left', 'top'].includes(edge)
    ? [0, crop[edge === 'left' ? 'right' : 'bottom'] - LEAST] : [crop[edge === 'right' ? 'left' : 'top'] + LEAST, 1];
  return Number(Math.min(high, Math.max(low, to)).toFixed(4));
}

export class CropFrame {
  #stage;
  #avatar;
  #path;
  #dials = new Map();
  #crop = NONE;
  #wanted = NONE; // the same with what is under way
  #send;
  #frame = node('div', { className: 'crop-frame', tabIndex: 0 });
  #area = node('div', { className: 'crop-area' });
  #whole = node('img', { alt: '', className: 'crop-whole' });
  #edges = new Map();
  #toggle;
  #character = '';

  /**
   * @param {HTMLElement} root the card, with `.dials` and the button `.draw`. @param {HTMLElement} stage holds the avatar.
   * @param {{avatar: HTMLElement, path: string, complain: Function}} around
   */
  constructor(root, stage, { avatar, path, complain }) {
    this.#stage = stage;
    this.#avatar = avatar;
    this.#path = path;
    this.#send = newestOfEach(async (changes) => { this.#crop = await avatar.setCrop({ ...this.#crop, ...changes }); }, complain);
    const $dials = root.querySelector('.dials');
    const add = (name, declared, initial) => {
      const change = (value) => this.#change({ [name]: name === 'enabled' ? value : clamped(name, value, this.#wanted) });
      const $dial = typedControl(name === 'enabled' ? 'crop' : name, declared, initial, change, initial);
      $dial.dataset.crop = name;
      this.#dials.set(name, $dial);
      $dials.append($dial);
    };
    add('enabled', { type: 'boolean', description: 'Off shows the framing, and keeps the edges for later.' }, false);
    for (const [edge, description] of Object.entries(HELP)) add(edge, { ...SHARE, description }, NONE[edge]);
    this.#toggle = root.querySelector('.draw');
    this.#toggle.addEventListener('click', () => { this.isShown = !this.isShown; });
    root.querySelector('.reset').addEventListener('click', () => this.#change(NONE));
    this.#build();
  }

  /** Whether the whole picture is shown with the frame over it. */
  get isShown() { return this.#stage.classList.contains('is-cropped'); }
  set isShown(isShown) {
    this.#stage.classList.toggle('is-cropped', isShown);
    this.#toggle.setAttribute('aria-pressed', String(isShown));
    this.#area.hidden = !isShown;
    this.#lay();
    if (isShown) this.#frame.focus();
  }

  /** What the server says of the avatar; a change under way is newer than that. */
  set state({ crop, character }) {
    if (character !== this.#character) {
      this.#character = character;
      this.#load();
    }
    if (this.#send.isBusy) return;
    this.#crop = crop;
    this.#draw();
  }

  async #load() {
    const picture = await asked('GET', `${this.#path}/picture.png`).catch(() => null);
    if (!picture) return;
    URL.revokeObjectURL(this.#whole.src);
    this.#whole.src = URL.createObjectURL(await picture.blob());
  }

  #build() {
    this.#frame.setAttribute('role', 'group');
    this.#frame.setAttribute('aria-label', 'Part of the picture that is shown; arrow keys move it');
    for (const edge of Object.keys(HELP)) {
      const $edge = node('span', { className: `edge ${edge}`, tabIndex: 0, title: HELP[edge] });
      $edge.setAttribute('role', 'slider');
      $edge.setAttribute('aria-label', `${edge} edge of the crop`);
      $edge.setAttribute('aria-orientation', ACROSS.includes(edge) ? 'horizontal' : 'vertical');
      $edge.setAttribute('aria-valuemin', '0');
      $edge.setAttribute('aria-valuemax', '100');
      $edge.dataset.edges = edge;
      this.#edges.set(edge, $edge);
    }
    const corners = CORNERS.map((pair) => {
      const $corner = node('span', { className: `corner ${pair.join(' ')}` });
      $corner.dataset.edges = pair.join(' ');
      return $corner;
    });
    this.#frame.append(...this.#edges.values(), ...corners);
    this.#frame.dataset.edges = 'left top right bottom';
    this.#area.append(this.#whole, this.#frame);
    this.#area.hidden = true;
    this.#stage.append(this.#area);
    this.#frame.addEventListener('pointerdown', (event) => this.#drag(event));
    this.#frame.addEventListener('keydown', (event) => this.#onKey(event));
    new ResizeObserver(() => this.#lay()).observe(this.#stage);
  }

  #drag(event) {
    const $handle = event.target.closest('[data-edges]');
    if (event.button !== 0) return;
    event.preventDefault();
    ($handle.tabIndex < 0 ? this.#frame : $handle).focus();
    const edges = $handle.dataset.edges.split(' ');
    const { width, height } = this.#area.getBoundingClientRect();
    const begin = { ...this.#wanted };
    const ending = new AbortController();
    const { signal } = ending;
    $handle.setPointerCapture(event.pointerId);
    $handle.addEventListener('pointermove', ({ clientX, clientY }) => {
      this.#shift(begin, edges, (clientX - event.clientX) / width, (clientY - event.clientY) / height);
    }, { signal });
    for (const end of ['pointerup', 'pointercancel']) $handle.addEventListener(end, () => ending.abort(), { signal });
  }

  #onKey(event) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    const step = event.shiftKey ? 5 * STEP : STEP;
    const edges = event.target.dataset.edges.split(' ');
    // An edge has one way to go; both pairs of keys lead it.
    const way = edges.length > 1 ? [x, y] : ACROSS.includes(edges[0]) ? [x - y, 0] : [0, y - x];
    this.#shift({ ...this.#wanted }, edges, way[0] * step, way[1] * step);
  }

  /** Edges by a share of the picture; all four together keep their distance. */
  #shift(from, edges, x, y) {
    const isMove = edges.length === 4;
    const bounded = (way, low, high) => Math.min(1 - from[high], Math.max(-from[low], way));
    const ways = isMove ? { x: bounded(x, 'left', 'right'), y: bounded(y, 'top', 'bottom') } : { x, y };
    const changes = { enabled: true };
    for (const edge of edges) {
      const to = from[edge] + (ACROSS.includes(edge) ? ways.x : ways.y);
      changes[edge] = isMove ? Number(to.toFixed(4)) : clamped(edge, to, this.#wanted);
    }
    this.#change(changes);
  }

  async #change(changes) {
    this.#wanted = { ...this.#wanted, ...changes };
    this.#show(this.#wanted);
    await this.#send(changes);
    this.#draw(); // what was refused goes back to what is
  }

  #draw() {
    if (this.#send.isBusy) return;
    this.#wanted = this.#crop;
    this.#show(this.#crop);
  }

  #show(crop) {
    for (const [name, $dial] of this.#dials) $dial.show(crop[name]);
    for (const [edge, $edge] of this.#edges) {
      const percent = Math.round(100 * crop[edge]);
      $edge.setAttribute('aria-valuenow', String(percent));
      $edge.setAttribute('aria-valuetext', `${percent} %`);
    }
    this.#lay();
  }

  /** Put the whole picture into the stage, the frame over it, and the live part of it into the frame. */
  #lay() {
    const { left, top, right, bottom, enabled } = this.#wanted;
    const { style } = this.#avatar;
    for (const name of ['inset', 'inlineSize', 'blockSize', 'translate']) style[name] = '';
    if (!this.isShown) return;
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const side = Math.min(width, height) * 0.9;
    const [x, y] = [(width - side) / 2, (height - side) / 2];
    Object.assign(this.#area.style, { left: `${x}px`, top: `${y}px`, width: `${side}px`, height: `${side}px` });
    const percent = (share) => `${100 * share}%`;
    Object.assign(this.#frame.style, {
      left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top),
    });
    this.#area.classList.toggle('is-off', !enabled);
    const [l, t, r, b] = [left, top, right, bottom].map(percent);
    const around = `polygon(evenodd, 0 0, 100% 0, 100% 100%, 0 100%, 0 0, ${l} ${t}, ${r} ${t}, ${r} ${b}, ${l} ${b}, ${l} ${t})`;
    this.#whole.style.clipPath = enabled ? around : ''; // the live part moves; nothing still may lie over it
    const box = enabled ? [x + side * left, y + side * top, side * (right - left), side * (bottom - top)] : [0, 0, 0, 0];
    Object.assign(style, {
      inset: `${box[1]}px auto auto ${box[0]}px`, inlineSize: `${box[2]}px`, blockSize: `${box[3]}px`,
    });
  }
}
