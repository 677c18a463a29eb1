/** What is wrong with the avatar, or slow; and how far it has come out of slowness: first a rig, then a student of its own. */

import { request } from '../api.js';

const SLOW = 'Without a graphics card this character moves in jerks, twice a second. Teach it once, and it is fluid.';
const TEACH = 'Make it fluid: a minute or two for a start, half an hour for all of it';
const TRAIN = 'Train a student: half an hour, beside everything else';

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
    const isRig = distillation.shown === 'rig';
    const news = told(distillation) || (isRig && `${moves(distillation)}; a student would be nearer to its picture.`);
    this.#text.textContent = state === 'failed' ? detail : ((isSlow || isRunning || isRig) && news) || (isSlow && SLOW) || (note ?? '');
    this.#button.textContent = isRunning ? 'Stop' : isRig ? TRAIN : TEACH;
    this.#button.hidden = !isRunning && (!(isSlow || isRig) || state !== 'live');
    this.#button.dataset.verb = isRunning ? 'DELETE' : 'POST';
    this.#progress.hidden = !isRunning;
    this.#progress.value = distillation.share ?? 0;
    this.#root.hidden = !this.#text.textContent && this.#button.hidden;
  }
}

/** @returns what there is to say of a run that is under way or has ended badly; nothing of others. */
function told(distillation) {
  const { state, place, detail, good_enough, shown, seconds_left, next, next_s } = distillation;
  switch (state) {
    case 'queued':
      return `It waits to be taught; before it: ${place}.`;
    case 'running':
      if (shown === 'rig') return `${moves(distillation)}; a student is trained, ${left(seconds_left)}.`;
      if (shown === 'student') return `${moves(distillation)}; a better one is trained, ${left(seconds_left)}.`;
      return next === 'rig'
        ? `It learns to move and stands almost still meanwhile; first as a rig, ${left(next_s)}.`
        : `It learns to move, ${left(seconds_left)}. It goes on meanwhile, more slowly.`;
    case 'failed':
      return `It could not be taught: ${detail}`;
    case 'done':
      return good_enough === false && shown === 'THA3' ? 'It was taught, but not well enough to be shown.' : '';
    default:
      return '';
  }
}

/** @returns "It moves as a rig, 29 dB": how near that is to the general network's pictures, where it was measured. */
function moves({ shown, measured }) {
  return `It moves as a ${shown}${measured?.whole ? `, ${Math.round(measured.whole)} dB` : ''}`;
}

function left(seconds) {
  if (seconds === undefined || seconds === null) return 'for how long is not known yet';
  return seconds < 90 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
}
