/** Pointer, keys and voice move the avatar, where there is no camera. */

import { Microphone } from '../microphone.js';
import { beat } from './beat.js';
import { PointerPose, pointerPlace } from './pointer_pose.js';
import { PoseSender } from './pose_sender.js';
import { VoiceMouth } from './voice_mouth.js';

const KEY_STEP = 0.15; // of the way from the middle to the edge
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const MOUSE_WORKS = ' The mouse works without it.';
const CONTROLS = 'a, button, input, select, textarea, summary, [contenteditable]';

export class PointerWay {
  #stage;
  #settings;
  #onState;
  #sender;
  #pose = new PointerPose();
  #microphone = new Microphone();
  #voice = new VoiceMouth();
  #at = { x: 0, y: 0 };
  #isShut = false;
  #beatS = 0;
  #endBeat = null;
  #ending = null; // an AbortController of all listeners

  /**
   * @param {HTMLElement} avatar an <avatar-rtc>. @param {HTMLElement} stage around it: what the pointer is seen from, and
   *   where keys steer. @param {{head: number, eyes: number, mouth: number}} settings read as they are.
   * @param {(state: string, error?: Error) => void} onState running | off
   */
  constructor(avatar, stage, settings, onState) {
    this.#stage = stage;
    this.#settings = settings;
    this.#onState = onState;
    this.#sender = new PoseSender((pose, tMs) => avatar.sendPose(pose, tMs));
  }

  get isOn() { return this.#ending !== null; }

  start() {
    if (this.isOn) return;
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    for (const type of ['pointermove', 'pointerdown']) addEventListener(type, (event) => this.#follow(event), { signal });
    this.#stage.classList.add('followed'); // a finger there steers, and does not scroll
    addEventListener('keydown', (event) => this.#onKey(event), { signal });
    addEventListener('keyup', ({ key }) => { if (key === ' ') this.#isShut = false; }, { signal });
    addEventListener('blur', () => { this.#isShut = false; }, { signal });
    this.#endBeat = beat((t) => this.#beat(t));
    this.#onState('running');
  }

  stop() {
    if (!this.isOn) return;
    this.#ending.abort();
    this.#stage.classList.remove('followed');
    this.#endBeat();
    this.#microphone.stop();
    this.#ending = this.#endBeat = null;
    this.#isShut = false;
    this.#onState('off');
  }

  /** Let a voice move the mouth, or no more. @throws {Error} with a sentence, if there is no microphone. */
  async listen(isOn) {
    if (!isOn) this.#microphone.stop();
    else if (!this.#microphone.isOn) await this.#microphone.start({ instead: MOUSE_WORKS });
    if (!this.isOn) this.#microphone.stop(); // it was stopped while the browser asked
  }

  #follow(event) {
    const { innerWidth: width, innerHeight: height } = window;
    this.#at = pointerPlace(event, this.#stage.getBoundingClientRect(), { width, height });
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ' ' && !event.target.closest(CONTROLS)) this.#isShut = true;
    else if (event.target === this.#stage && KEYS[event.key]) this.#step(KEYS[event.key]);
    else if (event.target === this.#stage && event.key === 'Home') this.#at = { x: 0, y: 0 };
    else return;
    event.preventDefault(); // else the page would scroll
  }

  #step([x, y]) {
    const within = (value) => Math.max(-1, Math.min(1, value));
    this.#at = { x: within(this.#at.x + x * KEY_STEP), y: within(this.#at.y + y * KEY_STEP) };
  }

  #beat(t) {
    if (!this.isOn) return; // a beat that was under way
    const dt = t - this.#beatS;
    this.#beatS = t;
    const mouth = this.#microphone.isOn
      ? Math.min(1, this.#voice.next(this.#microphone.level(), dt) * this.#settings.mouth) : null;
    const how = { isShut: this.#isShut, mouth, strength: this.#settings };
    this.#sender.offer(this.#pose.next(this.#at, t, how), t * 1_000);
  }
}
