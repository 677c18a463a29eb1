/** The card "Life": what the avatar does by itself, and what holds it. */

import { newest, request } from './api.js';
import { CropDials } from './crop_dials.js';
import { MorphSliders } from './morph_sliders.js';
import { SettingsPanel } from './settings_panel.js';

const MIDDLE = { x: 0, y: 0 };

export class LifeCard {
  #form;
  #stage;
  #told = {}; // of the state: what the server said last
  #settings;
  #crop;
  #morphs;
  #switches; // name → sender
  #setGaze;
  #isFollowing = false; // this page's pointer is looked at

  /**
   * @param {HTMLElement} root the card. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {{stage: HTMLElement, path: string, complain: (error: Error) => void}} around stage: where the pointer is
   *   followed; path: the avatar's, below /api/v1/.
   */
  constructor(root, avatar, { stage, path, complain }) {
    this.#form = root.querySelector('form');
    this.#stage = stage;
    const apart = { liveliness: ['Liveliness', root.querySelector('.liveliness')] };
    const $all = root.querySelector('#settings');
    this.#settings = new SettingsPanel($all.querySelector('.groups'), apart, (changes) => avatar.patchSettings(changes), complain);
    this.#crop = new CropDials($all.querySelector('.crop'), (crop) => avatar.setCrop(crop), complain);
    $all.querySelector('.reset').addEventListener('click', () => {
      request('DELETE', `${path}/settings`).then((settings) => { this.#settings.settings = settings; }).catch(complain);
      this.#crop.reset();
    });
    this.#morphs = new MorphSliders(root.querySelector('#morphs'), avatar, complain);
    const sender = (name, send) => newest(async (value) => {
      await send(value);
      this.#told[name] = value;
    }, complain);
    this.#switches = {
      talking: sender('talking', (on) => avatar.setTalking(on)),
      data_eyes: sender('data_eyes', (on) => avatar.setDataEyes(on)),
      paused: sender('paused', (on) => avatar.setPaused(on)),
    };
    this.#setGaze = sender('gaze', (target) => avatar.setGaze(target));
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', ({ target }) => this.#onChange(target));
    stage.addEventListener('pointermove', (event) => this.#onPointer(event));
    stage.addEventListener('pointerdown', (event) => this.#onPointer(event));
  }

  /** @param {object} schema of GET /api/v1/settings/schema. */
  set schema(schema) { this.#settings.schema = schema; }

  /** How long an emotion that is chosen now is to be held, in ms; null stays. */
  get holdMs() { return Number(this.#form.elements.hold.value) || null; }

  /** Show what the server says of the avatar. What is being changed here is newer than that. */
  show({ talking, data_eyes, paused, gaze, settings, crop, overrides }) {
    this.#told = { talking, data_eyes, paused, gaze };
    this.#settings.settings = settings;
    this.#crop.crop = crop;
    this.#morphs.overrides = overrides;
    this.#draw();
  }

  #draw() {
    for (const [name, send] of Object.entries(this.#switches)) {
      if (!send.isBusy) this.#form.elements[name].checked = this.#told[name];
    }
    if (!this.#setGaze.isBusy) this.#showGaze(this.#told.gaze);
  }

  async #onChange({ name, value, checked }) {
    if (name in this.#switches) await this.#switches[name](checked);
    else if (name === 'gaze') await this.#choose(value);
    else return;
    this.#draw(); // what was refused goes back to what is
  }

  #choose(way) {
    this.#follow(way === 'pointer');
    return this.#setGaze({ itself: null, viewer: 'viewer', pointer: MIDDLE }[way]);
  }

  #onPointer({ clientX, clientY }) {
    if (!this.#isFollowing) return;
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    const within = (value) => Number(Math.max(-1, Math.min(1, value)).toFixed(3));
    this.#setGaze({ x: within((2 * (clientX - left)) / width - 1), y: within(1 - (2 * (clientY - top)) / height) });
  }

  /** A finger on the stage points; it does not scroll meanwhile. */
  #follow(isFollowing) {
    this.#isFollowing = isFollowing;
    this.#stage.classList.toggle('followed', isFollowing);
  }

  #showGaze(gaze) {
    const isPoint = typeof gaze === 'object' && gaze !== null;
    if (!isPoint) this.#follow(false); // somebody else has chosen
    const way = isPoint ? this.#isFollowing && 'pointer' : gaze ?? 'itself';
    for (const $radio of this.#form.elements.gaze) $radio.checked = $radio.value === way;
    const elsewhere = isPoint ? `at ${gaze.x.toFixed(2)}, ${gaze.y.toFixed(2)}` : gaze === 'away' ? 'away' : '';
    this.#form.elements.elsewhere.textContent = elsewhere;
  }
}
