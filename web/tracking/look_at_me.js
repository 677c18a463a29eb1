/**
 * "Look at me": the avatar keeps its eyes on the person before the camera. Only where the head is goes to the avatar; it
 * moves, blinks and speaks as it would. Nothing is loaded, and no camera asked for, until it is switched on.
 *
 *   $form.append(lookAtMeSwitch($avatar, { complain, announce }));
 */

import { newest } from '../api.js';
import { bearer } from '../bearer.js';
import { node } from '../nodes.js';
import { gazeTo } from './eye_contact.js';

const LEAST_S = 0.1; // from one gaze to the next: eyes leap, they do not glide
const LOST_S = 2; // without a face it looks about again

export class LookAtMe {
  #avatar;
  #setGaze;
  #onChange;
  #tracking = null;
  #calibration = null;
  #rest = undefined;
  #told = null; // the gaze that was sent last
  #sentS = 0;
  #seenS = 0;

  /**
   * @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {(state: string, error?: Error) => void} onChange off | asking | loading | running, and seeing | alone: whether
   *   somebody is before the camera.
   */
  constructor(avatar, onChange = () => {}) {
    this.#avatar = avatar;
    this.#setGaze = newest((target) => avatar.setGaze(target), (error) => {
      if (avatar.state === 'live') this.#onChange('refused', error); // else the element says what is wrong
    });
    this.#onChange = onChange;
    addEventListener('pagehide', () => this.#leave());
  }

  get isOn() { return this.#tracking?.isOn ?? false; }

  /** The camera's <video>, null until it was started once. */
  get $video() { return this.#tracking?.$video ?? null; }

  /** Start. What fails is told by onChange, with a sentence. @param {string} deviceId of a camera, '' is any. */
  async start(deviceId = '') {
    const [{ FaceTracking }, { Calibration }] = await Promise.all([import('./face_tracking.js'), import('./calibration.js')]);
    this.#tracking ??= new FaceTracking({
      onFace: (face) => this.#follow(face),
      onState: (state, error) => this.#onState(state, error),
    }, { isRefined: false });
    this.#calibration = new Calibration();
    this.#rest = undefined;
    await this.#tracking.start(deviceId);
  }

  /** Stop; the avatar looks about by itself again. */
  stop() { this.#tracking?.stop(); }

  /** The page goes, and its channels with it: what the avatar looked at would stay. */
  #leave() {
    if (this.#told) {
      const headers = { 'Content-Type': 'application/json', ...bearer(this.#avatar.token) };
      const body = JSON.stringify({ target: null });
      const place = new URL('gaze', new URL(this.#avatar.src, document.baseURI));
      fetch(place, { method: 'PUT', keepalive: true, headers, body }).catch(() => {});
      this.#told = null;
    }
    this.stop();
  }

  #onState(state, error) {
    if (state === 'off' && this.#told) this.#look(null);
    this.#onChange(state, error);
  }

  #follow({ measures, t }) {
    if (!measures) {
      if (this.#told && t - this.#seenS > LOST_S) {
        this.#look(null);
        this.#onChange('alone');
      }
      return;
    }
    if (!this.#told) this.#onChange('seeing');
    this.#seenS = t;
    this.#rest ??= this.#calibration.add(measures, t) ?? undefined;
    const gaze = gazeTo(measures, this.#rest ?? { x: 0, y: measures.y });
    const isSame = gaze.x === this.#told?.x && gaze.y === this.#told?.y;
    if (isSame || t - this.#sentS < LEAST_S) return;
    this.#sentS = t;
    this.#look(gaze);
  }

  #look(gaze) {
    this.#told = gaze;
    this.#setGaze(gaze);
  }
}

/**
 * A switch for it, for any page that has an avatar.
 * @param {HTMLElement} avatar an <avatar-rtc>.
 * @param {{complain: (error: Error) => void, announce: (text: string) => void}} how
 * @returns {HTMLLabelElement}
 */
export function lookAtMeSwitch(avatar, { complain, announce }) {
  const $switch = node('input', { type: 'checkbox' });
  $switch.setAttribute('role', 'switch');
  const looking = new LookAtMe(avatar, (state, error) => {
    $switch.checked = looking.isOn;
    if (state === 'running') announce('the avatar looks at you');
    if (error) complain(error);
  });
  $switch.addEventListener('change', () => {
    if ($switch.checked) looking.start().catch(complain);
    else looking.stop();
  });
  return node('label', { title: 'Your camera finds where your head is; its picture stays in this browser' }, $switch, ' Look at me');
}
