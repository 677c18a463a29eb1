/** The button of <avatar-rtc talk>: the viewer talks to the avatar, by a press or as long as it is held. */

import { PressToTalk } from './press_to_talk.js';

const WORDS = { off: 'Talk', asking: 'Waiting for the microphone', listen: 'It listens', speak: 'It repeats you' };

export class TalkButton {
  #avatar;
  #button = document.createElement('button');
  #told = document.createElement('p');

  /** @param {HTMLElement} avatar an <avatar-rtc>. @param {HTMLElement} place in its shadow. */
  constructor(avatar, place) {
    this.#avatar = avatar;
    Object.assign(this.#button, { type: 'button', className: 'talk' });
    this.#button.setAttribute('part', 'talk');
    this.#told.className = 'badge failed';
    this.#told.setAttribute('role', 'alert');
    place.append(this.#told, this.#button);
    new PressToTalk(this.#button, avatar, {
      mode: () => avatar.talk,
      show: (doing) => {
        this.#button.textContent = WORDS[doing];
        if (doing !== 'off') this.#told.textContent = '';
      },
      complain: ({ message }) => { this.#told.textContent = message; },
    });
    this.#button.textContent = WORDS.off;
    this.#button.setAttribute('aria-pressed', 'false');
    avatar.addEventListener('statechange', () => this.show());
    this.show();
  }

  /** Only where the server lets this viewer talk. */
  show() {
    const { talk, canTalk, state } = this.#avatar;
    this.#button.classList.toggle('hidden', !talk || !canTalk || state !== 'live');
  }
}
