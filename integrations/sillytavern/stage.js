/** What stands in the window: the avatar at an edge of the chat, with its buttons and a word of what is wrong. */

import { boxOf, isStrip, kindOf, placeOf, resized } from './layout.js';

const BARS = { top: '#top-bar', bottom: '#send_form', chat: '#sheld' };

export class Stage {
  #settings;
  #save;
  #does;
  #root = node('div', { id: 'avatar_rtc_stage', hidden: true });
  #slot = node('div', { className: 'avatar-rtc-slot' });
  #bar = node('div', { className: 'avatar-rtc-bar' });
  #note = node('div', { className: 'avatar-rtc-note', hidden: true });
  #sound = button('fa-volume-high', 'Silence the avatar');
  #grip = button('fa-up-down-left-right', 'Move the avatar');
  #corner = button('fa-up-right-and-down-left-from-center', 'Size of the avatar');

  /** @param {() => object} settings @param {() => void} save @param {{hide: Function, silence: Function}} does */
  constructor(settings, save, does) {
    this.#settings = settings;
    this.#save = save;
    this.#does = does;
    const hide = button('fa-eye-slash', 'Hide the avatar');
    this.#note.setAttribute('role', 'status');
    this.#bar.append(this.#grip, this.#corner, this.#sound, hide);
    this.#root.append(this.#slot, this.#bar, this.#note);
    hide.addEventListener('click', () => this.#does.hide());
    this.#sound.addEventListener('click', () => this.#does.silence());
    this.#draggable(this.#grip, (box, dx, dy) => ({ ...box, left: box.left + dx, top: box.top + dy }));
    this.#draggable(this.#slot, (box, dx, dy) => ({ ...box, left: box.left + dx, top: box.top + dy }));
    this.#draggable(this.#corner, (box, dx, dy) => resized(box, this.#place.side, dx, dy));
    this.#grip.addEventListener('keydown', (event) => this.#byKey(event, (box, dx, dy) => ({ ...box, left: box.left + dx, top: box.top + dy })));
    this.#corner.addEventListener('keydown', (event) => this.#byKey(event, (box, dx, dy) => resized(box, this.#place.side, dx, dy)));
    addEventListener('resize', () => this.lay());
    document.body.append(this.#root);
  }

  /** The element, made when its class is there. */
  get element() {
    if (!customElements.get('avatar-rtc')) return null;
    if (!this.#slot.firstChild) {
      const element = document.createElement('avatar-rtc');
      element.setAttribute('aria-label', 'The character who speaks');
      this.#slot.append(element);
      this.onElement?.(element);
    }
    return this.#slot.firstChild;
  }

  set isShown(on) {
    this.#root.hidden = !on;
    this.lay();
  }

  /** Let the chat begin below so many px. */
  #strip(px) {
    this.#root.classList.toggle('avatar-rtc-strip', px > 0);
    document.body.classList.toggle('avatar-rtc-has-strip', px > 0);
    document.body.style.setProperty('--avatar-rtc-strip', `${px}px`);
  }

  /** Put it where the settings say. */
  lay() {
    const { through, volume, sound } = this.#settings();
    const box = boxOf(this.#place, room());
    const { left, top, size } = box;
    this.#strip(isStrip(box, room()) && !this.#root.hidden ? size : 0);
    Object.assign(this.#root.style, { left: `${left}px`, top: `${top}px`, width: `${size}px`, height: `${size}px` });
    this.#root.classList.toggle('avatar-rtc-through', through || kindOf(innerWidth) === 'narrow');
    this.#root.classList.toggle('avatar-rtc-left', this.#place.side === 'left');
    const isSilent = volume === 0 || sound === 'lips';
    this.#sound.classList.toggle('fa-volume-high', !isSilent);
    this.#sound.classList.toggle('fa-volume-xmark', isSilent);
    this.#sound.setAttribute('aria-pressed', String(isSilent));
  }

  /** Show a picture with a ground of its own in a frame. */
  set isFramed(on) { this.#root.classList.toggle('avatar-rtc-framed', on); }

  /** Say something below the avatar. @param {string} text '' says nothing. @param {Object<string, Function>} answers buttons */
  say(text, answers = {}) {
    this.#note.replaceChildren(node('span', { textContent: text }));
    for (const [label, act] of Object.entries(answers)) {
      const $answer = node('button', { className: 'menu_button', type: 'button', textContent: label });
      $answer.addEventListener('click', () => { this.say(''); act(); });
      this.#note.append($answer);
    }
    this.#note.hidden = !text;
  }

  get #place() { return this.#settings().place[kindOf(innerWidth)]; }

  #put(box) {
    const settings = this.#settings();
    settings.place = { ...settings.place, [kindOf(innerWidth)]: placeOf(box, room()) };
    this.lay();
  }

  #draggable($handle, move) {
    $handle.addEventListener('pointerdown', (down) => {
      if (down.button !== 0 || down.composedPath().some((each) => each.localName === 'button' && each !== $handle)) return;
      const box = boxOf(this.#place, room());
      const life = new AbortController();
      const on = (type, act) => $handle.addEventListener(type, act, { signal: life.signal });
      $handle.setPointerCapture(down.pointerId);
      down.preventDefault();
      on('pointermove', (to) => this.#put(move(box, to.clientX - down.clientX, to.clientY - down.clientY)));
      const end = () => { life.abort(); this.#save(); };
      on('pointerup', end);
      on('pointercancel', end);
    });
  }

  #byKey(event, move) {
    const way = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] }[event.key];
    if (!way) return;
    event.preventDefault();
    this.#put(move(boxOf(this.#place, room()), ...way));
    this.#save();
  }
}

/** The window, without SillyTavern's bars. */
function room() {
  const top = document.querySelector(BARS.top)?.getBoundingClientRect().bottom ?? 0;
  const below = document.querySelector(BARS.bottom)?.getBoundingClientRect().top ?? innerHeight;
  const isCovered = kindOf(innerWidth) === 'narrow'; // on a phone it must not stand on what is written
  const beside = document.querySelector(BARS.chat)?.getBoundingClientRect().left ?? 0;
  return { width: innerWidth, height: innerHeight, top: Math.max(0, top), bottom: isCovered ? Math.max(0, innerHeight - below) : 0, beside };
}

function button(icon, title) {
  const $button = node('button', { className: `fa-solid ${icon}`, type: 'button', title });
  $button.setAttribute('aria-label', title);
  return $button;
}

function node(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
