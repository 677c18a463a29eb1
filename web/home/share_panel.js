/** The dialog "Share": where the avatar can be seen from elsewhere, each address with a button that copies it. */

import { asked, request } from '../api.js';
import { key } from '../key.js';
import { node } from '../nodes.js';

const REACH = { network: 'Point a phone at it.', machine: 'This address is of this machine alone: a phone would not find it.' };
const COPIED_MS = 1_500;
const TOKEN = 'This server wants a token. Add ?access_token=… with one of the scope “view” to what you hand on; yours is not in these addresses.';

export class SharePanel {
  #dialog;
  #path;
  #complain;
  #qr; // of the chosen address
  #caption;
  #place; // which one is chosen, where there are several
  #rows;
  #links = [];

  /**
   * @param {HTMLDialogElement} dialog an empty one. @param {string} path the avatar's, below /api/v1/.
   * @param {(error: Error) => void} complain
   */
  constructor(dialog, path, complain) {
    this.#dialog = dialog;
    this.#path = path;
    this.#complain = complain;
    dialog.addEventListener('click', ({ target }) => {
      if (target === dialog) dialog.close(); // beside it
      if (target.dataset.copy) copy(target, dialog.querySelector(`#${target.dataset.copy}`));
    });
  }

  /** Ask where the avatar is found, and show it. */
  async open() {
    try {
      const { links, advice } = await request('GET', `${this.#path}/share`);
      this.#links = links;
      this.#build(advice);
      this.#dialog.showModal();
      await this.#show(Math.max(0, links.findIndex(({ reach }) => reach === 'network')));
    } catch (error) {
      this.#complain(error);
    }
  }

  #build(advice) {
    this.#qr = node('img', { alt: 'The link as a QR code', width: 200, height: 200 });
    this.#caption = node('figcaption');
    this.#rows = node('div', { className: 'rows' });
    const $place = node('select', { name: 'origin' }, ...this.#links.map(({ origin }, at) => new Option(new URL(origin).host, at)));
    $place.addEventListener('change', () => this.#show(Number($place.value)).catch(this.#complain));
    const $choice = node('label', { className: 'field', hidden: this.#links.length < 2 }, 'Address ', $place);
    const notes = [advice, key() && TOKEN].filter(Boolean).map((textContent) => node('p', { className: 'note', textContent }));
    const $close = node('button', { className: 'tool', textContent: 'Close' });
    this.#dialog.replaceChildren(
      node('form', { method: 'dialog', className: 'heading' }, node('h2', { id: 'share-title', textContent: 'Show it elsewhere' }), $close),
      ...notes,
      node('div', { className: 'both' }, node('figure', {}, this.#qr, this.#caption, $choice), this.#rows),
    );
    this.#place = $place;
  }

  async #show(at) {
    const link = this.#links[at];
    this.#place.value = at;
    this.#caption.textContent = REACH[link.reach];
    this.#rows.replaceChildren(...rowsOf(link));
    const response = await asked('GET', `${this.#path}/share.svg?origin=${encodeURIComponent(link.origin)}`);
    URL.revokeObjectURL(this.#qr.src);
    this.#qr.src = URL.createObjectURL(await response.blob());
  }
}

/** What is handed on, of one address. */
function rowsOf({ view, whep, page }) {
  const element = new URL('avatar-rtc.js', page).href;
  return [
    row('link', 'Link', view, 'the avatar alone, on any screen'),
    row('obs', 'OBS', view, 'Sources, +, Browser; it is transparent'),
    row('iframe', 'Frame', `<iframe src="${view}?muted" width="400" height="400" allow="autoplay"></iframe>`, 'in a page'),
    row('snippet', 'Element', `<script type="module" src="${element}"></script>\n<avatar-rtc src="${whep}" subtitles></avatar-rtc>`, 'in a page that talks to it'),
    row('whep', 'WHEP', whep, 'players and bots'),
  ];
}

function row(id, name, text, use) {
  return node(
    'div', { className: 'copy' },
    node('p', {}, node('b', { textContent: name }), node('span', { className: 'use', textContent: use })),
    node('code', { id, textContent: text, tabIndex: 0 }),
    copyButton(id, name),
  );
}

function copyButton(id, name) {
  const $button = node('button', { type: 'button', className: 'tool', textContent: 'Copy' });
  $button.dataset.copy = id;
  $button.setAttribute('aria-label', `Copy ${name}`);
  return $button;
}

async function copy($button, $text) {
  try {
    await navigator.clipboard.writeText($text.textContent);
    $button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($text); // no secure page: the user copies by hand
    $button.textContent = 'Press Ctrl+C';
  }
  setTimeout(() => { $button.textContent = 'Copy'; }, COPIED_MS);
}
