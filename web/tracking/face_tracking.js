/**
 * A camera, and the faces that a tracker finds in it.
 *
 *   camera ─► <video> ─ every beat, if the last one is done ─► TrackerFrame ─► landmarks ─► measures ─► onFace
 *
 * No picture leaves the browser.
 */

import { request } from '../api.js';
import { beat } from './beat.js';
import { openCamera, release } from '../devices.js';
import { measure } from './measures.js';
import { TrackerFrame } from './tracker_frame.js';

const INSTEAD = 'You can steer with the mouse and your voice instead.';
const NO_WEBGL = `This browser has no WebGL 2, or it is switched off; the face tracker needs it. ${INSTEAD}`;
const GONE = `The camera was taken away. Plug it in, then start again. ${INSTEAD}`;

/** @returns {Promise<?string>} why faces cannot be tracked here, before any camera is asked for; null if they can. */
export async function whyNoTracker() {
  if (!document.createElement('canvas').getContext('webgl2')) return NO_WEBGL;
  const { ready, command } = await request('GET', 'tracking');
  if (ready) return null;
  return `The face tracker is not on this server yet. Run \`${command}\` where the server runs, once, then start again. ${INSTEAD}`;
}

export class FaceTracking {
  #told;
  #isRefined;
  #stream = null;
  #tracker = null;
  #endBeat = null;
  #isLooking = false;
  #seen = -1; // the time of the picture that was looked at last
  #turn = 0; // of start and stop: what was begun in an earlier one is over
  $video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });

  /**
   * @param {{onFace: Function, onBeat?: Function, onState: Function}} told
   *   onFace({measures, landmarks, t, pictureMs}): a face was seen; measures and landmarks are null if there is none;
   *   onBeat(t): sixty times a second while it runs; onState(state, error): asking | loading | running | off.
   * @param {{isRefined?: boolean}} how with irises and finer lips, which costs more.
   */
  constructor(told, { isRefined = true } = {}) {
    this.#told = told;
    this.#isRefined = isRefined;
  }

  get isOn() { return this.#turn % 2 === 1; }

  /** Start, or start anew with another camera. What fails is told by onState. @param {string} deviceId */
  async start(deviceId = '') {
    if (this.isOn) this.stop();
    const turn = ++this.#turn;
    const isOver = () => turn !== this.#turn;
    try {
      this.#told.onState('loading');
      const why = await whyNoTracker();
      if (why) throw new Error(why);
      if (isOver()) return;
      this.#told.onState('asking');
      const stream = await openCamera(deviceId);
      if (isOver()) return void release(stream);
      this.#stream = stream;
      stream.getVideoTracks()[0].addEventListener('ended', () => { if (!isOver()) this.#fail(new Error(GONE)); });
      this.$video.srcObject = stream;
      await this.$video.play();
      if (isOver()) return;
      this.#told.onState('loading');
      const tracker = await TrackerFrame.open(this.#isRefined);
      if (isOver()) return void tracker.close();
      this.#tracker = tracker;
      this.#endBeat = beat((t) => this.#onBeat(t));
      this.#told.onState('running');
    } catch (error) {
      if (!isOver()) this.#fail(error);
    }
  }

  /** Stop; the camera's light goes out. */
  stop() {
    if (!this.isOn) return;
    this.#end();
    this.#told.onState('off');
  }

  #fail(error) {
    this.#end();
    this.#told.onState('off', error);
  }

  #end() {
    this.#turn += 1;
    this.#endBeat?.();
    this.#tracker?.close();
    release(this.#stream);
    this.$video.srcObject = null;
    this.#endBeat = this.#tracker = this.#stream = null;
    this.#isLooking = false;
    this.#seen = -1;
  }

  #onBeat(t) {
    if (!this.isOn) return; // a beat that was under way
    this.#told.onBeat?.(t);
    const { currentTime, readyState } = this.$video;
    if (this.#isLooking || currentTime === this.#seen || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#seen = currentTime;
    this.#look(t);
  }

  async #look(t) {
    const turn = this.#turn;
    this.#isLooking = true;
    try {
      const { landmarks, width, height } = await this.#tracker.look(await createImageBitmap(this.$video));
      if (turn !== this.#turn) return;
      const pictureMs = performance.now() - t * 1_000;
      this.#told.onFace({ landmarks, measures: landmarks && measure(landmarks, width, height), t, pictureMs });
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    } finally {
      if (turn === this.#turn) this.#isLooking = false;
    }
  }
}
