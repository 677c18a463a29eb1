/** The avatar as calls, players and files show it: before its backdrop. A second, silent viewer, as long as it is looked at. */

import { AvatarConnection } from '../avatar-rtc.js';
import { node } from '../nodes.js';

export class MatteView {
  #avatar;
  #stage;
  #video = node('video', { className: 'matte', muted: true, playsInline: true, autoplay: true, hidden: true });
  #connection = null;

  /** @param {HTMLElement} avatar an <avatar-rtc>. @param {HTMLElement} stage gets the video. */
  constructor(avatar, stage) {
    this.#avatar = avatar;
    this.#stage = stage;
    this.#video.setAttribute('aria-label', 'The avatar before its backdrop');
    stage.append(this.#video);
  }

  get isShown() { return this.#connection !== null; }
  set isShown(isShown) {
    if (isShown === this.isShown) return;
    this.#connection?.close();
    this.#connection = null;
    this.#video.hidden = !isShown;
    this.#video.srcObject = null;
    this.#stage.classList.toggle('is-matte', isShown);
    if (!isShown) return;
    this.#connection = new AvatarConnection(this.#avatar.src, { video: 'matte', token: this.#avatar.token });
    this.#connection.addEventListener('track', ({ detail }) => {
      this.#video.srcObject = detail.stream;
      this.#video.play().catch(() => {}); // another stream has come meanwhile
    });
    this.#connection.connect();
  }
}
