/** What of the face the live avatar shows, for everybody who watches it. */

import { newest, request } from '../api.js';
import { templateOf } from './face.js';

const PREVIEW = 'pose_preview'; // an emotion of the avatar's own, while it lives with the face

export class LiveFace {
  #avatar;
  #path;
  #send;
  #way = 'off';
  #before = null; // the emotion that was shown before the preview
  #onChange;

  /**
   * Ways: off; `alive`: the face is an emotion, under idle life; `held`: its morphs are held over idle life;
   * `still`: exactly the face, and nothing moves.
   * @param {HTMLElement} avatar an <avatar-rtc>. @param {string} path
   * @param {(way: string, face: ?object) => void} onChange told what others have chosen.
   * @param {(error: Error) => void} complain
   */
  constructor(avatar, path, onChange, complain) {
    this.#avatar = avatar;
    this.#path = path;
    this.#onChange = onChange;
    this.#send = newest((way, face) => this.#apply(way, face), complain);
  }

  get way() { return this.#way; }

  /** Show a face this way from now on. @returns {Promise} when the server has it. */
  show(way, face) {
    if (way === 'off' && this.#way === 'off') return Promise.resolve();
    return this.#send(way, face);
  }

  /** @param {object} state of the server. What is under way here is newer. */
  follow({ still, overrides, emotion }) {
    if (emotion.weights[PREVIEW] === undefined) this.#before = emotion;
    if (this.#send.isBusy) return;
    const isHeld = Object.keys(overrides).length > 0;
    const way = still ? 'still' : emotion.weights[PREVIEW] !== undefined ? 'alive' : isHeld ? 'held' : 'off';
    this.#way = way;
    this.#onChange(way, still ?? (way === 'held' ? overrides : null));
  }

  async #apply(way, face) {
    const before = this.#way;
    if (before !== way) await this.#leave(before);
    this.#way = way;
    if (way === 'still') await this.#avatar.setStill(face);
    else if (way === 'held') await this.#avatar.setOverrides(face);
    else if (way === 'alive') await this.#live(templateOf(face), before !== way);
  }

  async #leave(way) {
    if (way === 'still') await this.#avatar.setStill(null);
    else if (way === 'held') await this.#avatar.setOverrides({});
    else if (way === 'alive') {
      const { weights, intensity } = this.#before ?? { weights: { neutral: 1 }, intensity: 1 };
      await this.#avatar.setEmotion(weights, intensity);
      await request('PUT', `${this.#path}/emotions`, { emotions: await this.#own() });
    }
  }

  async #live(template, isNew) {
    await request('PUT', `${this.#path}/emotions`, { emotions: { ...await this.#own(), [PREVIEW]: template } });
    if (isNew) await this.#avatar.setEmotion(PREVIEW);
  }

  /** The emotions of the avatar alone, without the preview. */
  async #own() {
    const { emotions, own } = await request('GET', `${this.#path}/emotions`);
    return Object.fromEntries(own.filter((name) => name !== PREVIEW).map((name) => [name, emotions[name]]));
  }
}
