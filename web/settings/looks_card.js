/** Looks: chains with a name, each with a small picture of the character in it and with what it costs. */

import { asked, request } from '../api.js';
import { node } from '../nodes.js';
import { same } from './chain_list.js';

const NONE = 'none';
const NAME = /[^a-z0-9_-]+/g;

export class LooksCard {
  #root;
  #path;
  #take;
  #complain;
  #announce;
  #presets = {};
  #pictures = new Map(); // look → {url, ms}
  #of = ''; // which character, and what of it, the pictures are of
  #isFetching = false;
  #state = { chain: [], frame_ms: Infinity, stage_ms: {} };

  /**
   * @param {HTMLElement} root with a list `.looks` and a form. @param {{path: string, take: (chain: Array) => void, chain: () => Array,
   *   complain: Function, announce: Function}} around path: of the avatar, below /api/v1/; chain: that which a name is given to.
   */
  constructor(root, { path, take, chain, complain, announce }) {
    this.#root = root;
    this.#path = path;
    this.#take = take;
    this.#complain = complain;
    this.#announce = announce;
    const $form = root.querySelector('form');
    $form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#save($form.elements.title.value.trim(), chain()).then(() => { $form.reset(); }).catch(complain);
    });
  }

  /** @param {Object<string, object>} presets name → {title, description, chain, own}, from GET /api/v1/presets. */
  set presets(presets) {
    this.#presets = presets;
    this.#draw();
  }

  /** What the server says of the avatar. New pictures are made if another character, or another part of it, is shown. */
  set state(state) {
    this.#state = state;
    const of = JSON.stringify([state.character, state.crop, state.framing, state.shown]);
    if (of !== this.#of && state.state === 'live') {
      this.#of = of;
      this.#forget([...this.#pictures.keys()]);
      this.#fetchAll();
    }
    this.#mark();
  }

  /** Ask again which looks there are. */
  async refresh() {
    this.presets = (await request('GET', 'presets')).presets;
    if (this.#of) this.#fetchAll(); // else as soon as there is a character
  }

  async #save(title, chain) {
    const name = title.toLowerCase().replace(NAME, '-').replace(/^-+|-+$/g, '').slice(0, 64);
    if (!name) throw new Error('A look needs a name with a letter or a digit.');
    await request('PUT', `presets/${name}`, { title, description: 'Saved on this server.', chain });
    this.#forget([name]);
    this.#announce(`${title} saved`);
    await this.refresh();
  }

  async #remove(name) {
    await request('DELETE', `presets/${name}`);
    this.#forget([name]);
    await this.refresh();
    this.#root.querySelector('.looks button').focus();
  }

  #draw() {
    const none = { title: 'As it is', description: 'The picture without filters.', chain: [], own: false };
    const looks = this.#names().map((name) => this.#look(name, this.#presets[name]));
    this.#root.querySelector('.looks').replaceChildren(this.#look(NONE, none), ...looks);
    this.#mark();
  }

  #look(name, { title, description, chain, own }) {
    const $look = node('li', {});
    $look.dataset.look = name;
    const $button = node(
      'button', { type: 'button', className: 'look', title: description },
      node('img', { alt: '', hidden: true }), node('span', { className: 'name', textContent: title }), node('span', { className: 'cost' }),
    );
    $button.addEventListener('click', () => this.#take(structuredClone(chain)));
    $look.append($button);
    if (own) {
      const $remove = node('button', { type: 'button', className: 'remove', textContent: '×', title: `Forget the look ${title}` });
      $remove.setAttribute('aria-label', `Forget the look ${title}`);
      $remove.addEventListener('click', () => this.#remove(name).catch(this.#complain));
      $look.append($remove);
    }
    return $look;
  }

  /** Which is worn, what each costs, and whether that is more than a frame has. */
  #mark() {
    const { chain, frame_ms: most, stage_ms: stages } = this.#state;
    const bare = Object.entries(stages).filter(([stage]) => !stage.startsWith('chain')).reduce((sum, [, ms]) => sum + ms, 0);
    for (const $look of this.#root.querySelectorAll('[data-look]')) {
      const name = $look.dataset.look;
      const { url, ms } = this.#pictures.get(name) ?? {};
      const $img = $look.querySelector('img');
      if (url && $img.getAttribute('src') !== url) $img.src = url;
      $img.hidden = !url;
      $look.firstElementChild.setAttribute('aria-pressed', String(same(this.#presets[name]?.chain ?? [], chain)));
      const isMore = ms + bare > most;
      const $cost = $look.querySelector('.cost');
      $cost.textContent = ms ? `${isMore ? '⚠ ' : ''}${Math.round(ms)} ms` : '';
      $cost.title = isMore ? `About ${Math.round(ms)} ms a frame beside ${Math.round(bare)} ms for the rest; a frame has ${Math.round(most)} ms here, so it will stutter.` : '';
      $cost.classList.toggle('much', isMore);
    }
  }

  #forget(names) {
    for (const name of names) {
      URL.revokeObjectURL(this.#pictures.get(name)?.url);
      this.#pictures.delete(name);
    }
  }

  /** The next look of which there is no picture, and none was asked for in vain. */
  #missing() {
    return [NONE, ...this.#names()].find((name) => !this.#pictures.has(name));
  }

  /** Those of one's own first. */
  #names() {
    const rank = (name) => (this.#presets[name].own ? 0 : 1);
    return Object.keys(this.#presets).toSorted((one, other) => rank(one) - rank(other));
  }

  /** One after the other: each costs the server some frames' work. */
  async #fetchAll() {
    if (this.#isFetching) return;
    this.#isFetching = true;
    for (let name = this.#missing(); name; name = this.#missing()) {
      const of = this.#of;
      const response = await asked('GET', `${this.#path}/looks/${name}?size=200`).catch(() => null);
      if (of !== this.#of) continue; // of another character by now
      this.#forget([name]); // or what was asked for twice would stay
      if (!response) this.#pictures.set(name, {}); // a look without a picture is one, too
      else {
        const ms = Number(/dur=([\d.]+)/.exec(response.headers.get('Server-Timing') ?? '')?.[1] ?? 0);
        this.#pictures.set(name, { url: URL.createObjectURL(await response.blob()), ms });
      }
      this.#mark();
    }
    this.#isFetching = false;
  }
}
