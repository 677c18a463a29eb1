/** The question whether a plugin of VTube Studio may drive the avatar: asked of whoever may say so, in a dialog. */

import { request } from '../api.js';
import { node } from '../nodes.js';

const PLUGINS = 'plugins';

export class PluginQuestion {
  #dialog;
  #avatar;
  #complain;
  #announce;
  #heard = null; // the connection that is listened to
  #shown = null; // id of the question

  /**
   * @param {HTMLDialogElement} dialog an empty one. @param {HTMLElement} avatar an <avatar-rtc>.
   * @param {object} tell `complain(error)`, `announce(text)`.
   */
  constructor(dialog, avatar, { complain, announce }) {
    this.#dialog = dialog;
    this.#avatar = avatar;
    this.#complain = complain;
    this.#announce = announce;
    avatar.addEventListener('statechange', ({ detail }) => {
      if (detail.state !== 'live') return;
      this.#listen();
      this.#look(); // it may have been asked before the page was there
    });
  }

  #listen() {
    const { connection } = this.#avatar;
    if (!connection || connection === this.#heard) return;
    this.#heard = connection;
    connection.addEventListener('message', ({ detail }) => {
      if (detail.type === PLUGINS) this.#look();
    });
  }

  async #look() {
    const told = await request('GET', PLUGINS).catch(() => null); // with this key one may not answer it
    if (told?.asking?.id === this.#shown) return;
    this.#shown = told?.asking?.id ?? null;
    if (this.#shown) this.#ask(told.asking);
    else this.#dialog.close();
  }

  /** What it calls itself is anything: it stands in quotes, and is text alone. */
  #ask({ id, name, developer, origin }) {
    const $title = node('h2', { id: 'plugin-title', tabIndex: -1, textContent: 'A plugin wants to move the avatar' });
    const $who = node('p', { className: 'who' }, node('b', { textContent: name }), node('span', { textContent: `by ${developer}` }));
    const $from = node('p', { textContent: origin ? `It is a page of ${origin}.` : 'It is a program on this machine or in its network.' });
    const $may = node('p', {
      textContent: 'It may show emotions and gestures, move the face, and change character, look and background: '
        + 'now, and whenever it comes back, until you take that back by “avatar-rtc vts revoke”.',
    });
    const $deny = node('button', { type: 'button', className: 'tool', textContent: 'Deny' });
    const $allow = node('button', { type: 'button', className: 'tool go', textContent: 'Allow' });
    $deny.addEventListener('click', () => this.#answer(id, false, name));
    $allow.addEventListener('click', () => this.#answer(id, true, name));
    const $about = node('div', { id: 'plugin-about' }, $who, $from, $may);
    this.#dialog.replaceChildren($title, $about, node('div', { className: 'answers' }, $deny, $allow));
    if (!this.#dialog.open) this.#dialog.showModal();
    $title.focus(); // on no button: whoever was typing answers nothing by it
  }

  async #answer(id, allow, name) {
    this.#dialog.close();
    try {
      await request('POST', `${PLUGINS}/${id}`, { allow });
      this.#announce(allow ? `${name} is allowed` : `${name} is denied`);
    } catch (error) {
      this.#complain(error);
    }
  }
}
