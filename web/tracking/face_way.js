/** The viewer's face moves the avatar: from what a tracker sees to poses. */

import { Calibration } from './calibration.js';
import { FaceTracking } from './face_tracking.js';
import { PoseSender } from './pose_sender.js';
import { mirrored, rounded, strengthened } from './poses.js';
import { USUAL_REST, shapesOf } from './shapes.js';
import { PoseSmoothing, toward } from './smoothing.js';

const BETWEEN_S = 0.02; // from one seen pose to the next
const LOST_S = 0.4; // a face that is hidden so long is gone, and the avatar lives by itself
const PACE = 0.2; // of the newest picture in the mean of how long they take

export class FaceWay {
  #settings;
  #told;
  #sender;
  #tracking;
  #smoothing = new PoseSmoothing();
  #calibration = null; // while one is under way
  #rest = USUAL_REST;
  #target = null;
  #pose = null;
  #seenS = 0;
  #beatS = 0;
  #betweenS = 0;

  /**
   * @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {{mirror: boolean, smoothing: number, head: number, eyes: number, mouth: number}} settings read as they are
   *   when a face is seen.
   * @param {{onState: Function, onSight: Function}} told onState(state, error) as FaceTracking has it;
   *   onSight({landmarks, head, isCalibrating, perS}): a face, or null for none; head: degrees, as sent; perS: pictures a second.
   */
  constructor(avatar, settings, told) {
    this.#settings = settings;
    this.#told = told;
    this.#sender = new PoseSender((pose, tMs) => avatar.sendPose(pose, tMs));
    this.#tracking = new FaceTracking({
      onFace: (face) => this.#see(face),
      onBeat: (t) => this.#beat(t),
      onState: (state, error) => told.onState(state, error),
    });
  }

  get isOn() { return this.#tracking.isOn; }

  get $video() { return this.#tracking.$video; }

  /** Start; what the face is like at rest is found in the first calm second. @param {string} deviceId '' is any. */
  start(deviceId) {
    this.#rest = USUAL_REST;
    this.#target = this.#pose = null;
    this.#smoothing.clear();
    this.calibrate();
    return this.#tracking.start(deviceId);
  }

  stop() { this.#tracking.stop(); }

  /** Find anew, from now on, what the face is like at rest. */
  calibrate() { this.#calibration = new Calibration(); }

  #see({ measures, landmarks, t }) {
    if (!measures) {
      if (t - this.#seenS > LOST_S) this.#lose();
      return;
    }
    this.#betweenS += (this.#target ? PACE : 1) * (t - this.#seenS - this.#betweenS);
    this.#seenS = t;
    const found = this.#calibration?.add(measures, t);
    if (found) {
      this.#rest = found;
      this.#calibration = null;
    }
    const { mirror, smoothing } = this.#settings;
    const seen = strengthened(shapesOf(measures, this.#rest), this.#settings);
    this.#target = this.#smoothing.next(mirror ? mirrored(seen) : seen, t, smoothing);
    this.#told.onSight({
      landmarks, head: this.#target.head, isCalibrating: this.#calibration !== null, perS: 1 / this.#betweenS,
    });
  }

  #lose() {
    if (this.#target) this.#smoothing.clear();
    this.#target = this.#pose = null;
    this.#told.onSight(null);
  }

  #beat(t) {
    const dt = t - this.#beatS;
    this.#beatS = t;
    if (!this.#target) return;
    this.#pose = toward(this.#pose, this.#target, 1 - Math.exp(-dt / BETWEEN_S));
    this.#sender.offer(rounded(this.#pose), t * 1_000);
  }
}
