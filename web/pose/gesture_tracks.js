/** The tracks of a gesture to be edited: a curve each, and its keys as buttons that are dragged or moved by arrows. */

import { node } from '../nodes.js';
import { title } from '../morphs.js';
import { limitsOf } from './face.js';
import { pathOf, secondsOf } from './gesture.js';

const SVG = 'http://www.w3.org/2000/svg';
const STEPS = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, 0.02], ArrowDown: [0, -0.02] };
const LARGER = 5; // with Shift

export class GestureTracks {
  #root;
  #on;
  #tracks = {};
  #rows = new Map(); // name → {$row, $lane, $path, $keys}
  #span = 1;
  #chosen = null; // [name, number]

  /**
   * @param {HTMLElement} root filled with a row for each track.
   * @param {{move: Function, end: Function, add: Function, remove: Function, drop: Function, choose: Function}} on
   *   move(name, n, [t, value], gesture) while a key moves; end() when it is let go of; add(name, t); remove(name, n);
   *   drop(name) the track; choose(name, n) a key has the focus.
   */
  constructor(root, on) {
    this.#root = root;
    this.#on = on;
  }

  /** The key that was chosen last, [name, number]; null if it is gone. */
  get chosen() { return this.#chosen; }

  /** Seconds from the left to the right. */
  get span() { return this.#span; }

  /** Show tracks; rows of those that stay stay, with the focus in them. @param {boolean} isHeld keep the scale of time. */
  show(tracks, isHeld = false) {
    this.#tracks = tracks;
    if (!isHeld) this.#span = Math.max(0.5, secondsOf(tracks) * 1.04);
    for (const name of [...this.#rows.keys()]) {
      if (!tracks[name]) {
        this.#rows.get(name).$row.remove();
        this.#rows.delete(name);
      }
    }
    const isAnew = Object.keys(tracks).some((name) => !this.#rows.has(name));
    for (const [name, keys] of Object.entries(tracks)) this.#draw(name, keys);
    if (isAnew) this.#root.append(...Object.keys(tracks).map((name) => this.#rows.get(name).$row)); // in their order
    const [name, n] = this.#chosen ?? [];
    if (!tracks[name]?.[n]) this.#chosen = null;
  }

  /** Mark a moment on all tracks. */
  mark(t) {
    this.#root.style.setProperty('--moment', String(t / this.#span));
  }

  /** Give a key the focus. */
  focus(name, n) {
    this.#rows.get(name)?.$keys[n]?.focus();
  }

  #draw(name, keys) {
    const row = this.#rows.get(name) ?? this.#row(name);
    row.$path.setAttribute('d', pathOf(name, keys, this.#span));
    while (row.$keys.length > keys.length) row.$keys.pop().remove();
    while (row.$keys.length < keys.length) row.$keys.push(this.#key(name, row, row.$keys.length));
    const [least, most] = limitsOf(name);
    for (const [n, [t, value]] of keys.entries()) {
      const $key = row.$keys[n];
      $key.style.setProperty('left', `${(100 * t) / this.#span}%`);
      $key.style.setProperty('top', `${(100 * (most - value)) / (most - least)}%`);
      $key.ariaLabel = `${title(name)}, key ${n + 1} of ${keys.length}: ${t.toFixed(2)} s, ${value.toFixed(2)}`;
      $key.classList.toggle('chosen', this.#chosen?.[0] === name && this.#chosen[1] === n);
    }
  }

  #row(name) {
    const $svg = document.createElementNS(SVG, 'svg');
    const $path = document.createElementNS(SVG, 'path');
    $svg.setAttribute('viewBox', '0 0 1000 100');
    $svg.setAttribute('preserveAspectRatio', 'none');
    $svg.setAttribute('aria-hidden', 'true');
    $svg.append($path);
    const $lane = node('div', { className: 'lane' }, $svg, node('i', { className: 'now' }));
    $lane.classList.toggle('signed', limitsOf(name)[0] < 0);
    $lane.addEventListener('dblclick', (event) => {
      if (event.target.localName !== 'button') this.#on.add(name, this.#at($lane, event)[0]);
    });
    const $drop = node('button', { type: 'button', className: 'tool', textContent: 'Remove', ariaLabel: `Remove the track ${name}` });
    $drop.addEventListener('click', () => this.#on.drop(name));
    const $row = node('div', { className: 'track' }, node('span', { className: 'name', textContent: name.replaceAll('_', ' ') }), $drop, $lane);
    $row.dataset.track = name;
    this.#root.append($row);
    const row = { $row, $lane, $path, $keys: [] };
    this.#rows.set(name, row);
    return row;
  }

  #key(name, row, n) {
    const $key = node('button', { type: 'button', className: 'key' });
    $key.addEventListener('focus', () => this.#choose(name, n));
    $key.addEventListener('pointerdown', (event) => {
      $key.setPointerCapture(event.pointerId);
      $key.focus();
    });
    $key.addEventListener('pointermove', (event) => {
      if ($key.hasPointerCapture(event.pointerId)) this.#on.move(name, n, this.#at(row.$lane, event), 'drag');
    });
    $key.addEventListener('lostpointercapture', () => this.#on.end());
    $key.addEventListener('keydown', (event) => this.#press(event, name, n));
    row.$lane.append($key);
    return $key;
  }

  #press(event, name, n) {
    if (event.key === 'Delete' || event.key === 'Backspace') this.#on.remove(name, n);
    else if (event.key in STEPS) {
      const [dt, dv] = STEPS[event.key].map((step) => step * (event.shiftKey ? LARGER : 1));
      const [t, value] = this.#tracks[name][n];
      this.#on.move(name, n, [t + dt, value + dv], null);
    } else return;
    event.preventDefault();
  }

  #choose(name, n) {
    this.#chosen = [name, n];
    for (const [each, { $keys }] of this.#rows) {
      for (const [number, $key] of $keys.entries()) $key.classList.toggle('chosen', each === name && number === n);
    }
    this.#on.choose(name, n);
  }

  /** [seconds, value] below the pointer. */
  #at($lane, event) {
    const box = $lane.getBoundingClientRect();
    const [least, most] = limitsOf($lane.parentElement.dataset.track);
    return [(this.#span * (event.clientX - box.left)) / box.width, most - ((most - least) * (event.clientY - box.top)) / box.height];
  }
}
