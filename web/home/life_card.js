/** The card "Liveliness and gaze": what the avatar does by itself, and what holds it. */

import { newest } from '../api.js';
import { control } from '../controls.js';

const MIDDLE = { x: 0, y: 0 };
const FORM = `
  <div class="liveliness"></div>
  <div class="choice" role="radiogroup" aria-labelledby="gaze-title">
    <span id="gaze-title">Gaze</span>
    <label><input type="radio" name="gaze" value="itself" checked><b>free</b></label>
    <label><input type="radio" name="gaze" value="viewer"><b>at you</b></label>
    <label><input type="radio" name="gaze" value="pointer"><b>at the pointer</b></label>
    <output name="elsewhere"></output>
  </div>
  <div class="choice" role="radiogroup" aria-labelledby="activity-title" title="That it speaks, it shows by itself">
    <span id="activity-title">It is</span>
    <label><input type="radio" name="activity" value="idle" checked><b>idle</b></label>
    <label><input type="radio" name="activity" value="listening"><b>listening</b></label>
    <label><input type="radio" name="activity" value="thinking"><b>thinking</b></label>
    <output name="speaks"></output>
  </div>
  <div class="choice" role="radiogroup" aria-labelledby="hold-title">
    <span id="hold-title">A face lasts</span>
    <label><input type="radio" name="hold" value="" checked><b>on</b></label>
    <label><input type="radio" name="hold" value="3000"><b>3 s</b></label>
    <label><input type="radio" name="hold" value="10000"><b>10 s</b></label>
  </div>
  <div class="switches">
    <label title="Moves the mouth for sound that comes from elsewhere"><input type="checkbox" role="switch" name="talking"> Talking</label>
    <label title="Lets data run through the eyes"><input type="checkbox" role="switch" name="data_eyes"> Data eyes</label>
    <label title="Stands still, and costs nothing"><input type="checkbox" role="switch" name="paused"> Pause</label>
  </div>`;

export class LifeCard {
  #form;
  #stage;
  #told = {}; // of the state: what the server said last
  #liveliness = null; // its control, once the schema is here
  #setLiveliness;
  #switches; // name → sender
  #setGaze;
  #setActivity;
  #isFollowing = false; // this page's pointer is looked at

  /**
   * @param {HTMLElement} root the card. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {{stage: HTMLElement, complain: (error: Error) => void}} around stage: where the pointer is followed.
   */
  constructor(root, avatar, { stage, complain }) {
    this.#form = root.querySelector('form');
    this.#stage = stage;
    this.#form.innerHTML = FORM;
    this.#setLiveliness = newest((liveliness) => avatar.patchSettings({ liveliness }), complain);
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
    this.#setActivity = sender('activity', (name) => avatar.setActivity(name));
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', ({ target }) => this.#onChange(target));
    stage.addEventListener('pointermove', (event) => this.#onPointer(event));
    stage.addEventListener('pointerdown', (event) => this.#onPointer(event));
  }

  /** @param {object} schema of GET /api/v1/settings/schema. */
  set schema({ properties: { liveliness } }) {
    const value = this.#told.settings?.liveliness ?? liveliness.default;
    this.#liveliness = control('Liveliness', liveliness, value, this.#setLiveliness);
    this.#liveliness.dataset.setting = 'liveliness';
    this.#liveliness.plain = liveliness.default;
    this.#form.querySelector('.liveliness').replaceChildren(this.#liveliness);
  }

  /** How long an emotion that is chosen now is to be held, in ms; null stays. */
  get holdMs() { return Number(this.#form.elements.hold.value) || null; }

  /** Show what the server says of the avatar. What is being changed here is newer than that. */
  show({ talking, data_eyes, paused, gaze, activity, settings }) {
    this.#told = { talking, data_eyes, paused, gaze, activity, settings };
    if (!this.#setLiveliness.isBusy) this.#liveliness?.show(settings.liveliness ?? this.#liveliness.plain);
    this.#draw();
  }

  #draw() {
    for (const [name, send] of Object.entries(this.#switches)) {
      if (!send.isBusy) this.#form.elements[name].checked = this.#told[name];
    }
    if (!this.#setGaze.isBusy) this.#showGaze(this.#told.gaze);
    if (!this.#setActivity.isBusy) this.#showActivity(this.#told.activity);
  }

  async #onChange({ name, value, checked }) {
    if (name in this.#switches) await this.#switches[name](checked);
    else if (name === 'gaze') await this.#choose(value);
    else if (name === 'activity') await this.#setActivity(value);
    else return;
    this.#draw(); // what was refused goes back to what is
  }

  #showActivity(activity) {
    const speaks = activity === 'speaking';
    this.#form.elements.speaks.textContent = speaks ? 'speaking' : '';
    for (const $radio of this.#form.elements.activity) $radio.checked = $radio.value === activity;
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
