/** What is wrong with the avatar, or slow; and the way out of slowness: a network of its own, made in the background. */

import { request } from '../api.js';

const SLOW = 'Without a graphics card this character moves in jerks, twice a second. Teach it once, and it is fluid.';
const TEACH = 'Make it fluid: half an hour, beside everything else';

export class Note {
  #root;
  #text;
  #progress;
  #button;

  /**
   * @param {HTMLElement} root holds a paragraph, a progress and a button. @param {string} path the avatar's, below
   * /api/v1/. @param {(error: Error) => void} complain
   */
  constructor(root, path, complain) {
    this.#root = root;
    [this.#text, this.#progress, this.#button] = root.children;
    this.#button.addEventListener('click', () => {
      const { verb } = this.#button.dataset;
      request(verb, `${path}/distillation`, verb === 'POST' ? {} : undefined).catch(complain);
    });
  }

  /** @param {object} state what the server says of the avatar. */
  show({ state, detail, note, animator, device, distillation }) {
    const isRunning = ['queued', 'running'].includes(distillation.state);
    const isSlow = animator === 'tha3' && device === 'cpu';
    const news = told(distillation);
    this.#text.textContent = state === 'failed' ? detail : (isSlow && (news || SLOW)) || (isRunning && news) || (note ?? '');
    this.#button.textContent = isRunning ? 'Stop' : TEACH;
    this.#button.hidden = !isRunning && (!isSlow || state !== 'live');
    this.#button.dataset.verb = isRunning ? 'DELETE' : 'POST';
    this.#progress.hidden = !isRunning;
    this.#progress.value = distillation.share ?? 0;
    this.#root.hidden = !this.#text.textContent && this.#button.hidden;
  }
}

function told({ state, place, seconds_left, detail, good_enough }) {
  switch (state) {
    case 'queued':
      return `It waits to be taught; before it: ${place}.`;
    case 'running':
      return `It learns to move, ${left(seconds_left)}. It goes on meanwhile, more slowly.`;
    case 'failed':
      return `It could not be taught: ${detail}`;
    case 'done':
      return good_enough === false ? 'It was taught, but not well enough to be shown.' : '';
    default:
      return '';
  }
}

function left(seconds) {
  if (seconds === undefined || seconds === null) return 'for how long is not known yet';
  return seconds < 90 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
}
