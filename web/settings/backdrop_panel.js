/** What stands behind the avatar where there is no transparency: a colour or a picture, shipped or one's own, blurred, with filters. */

import { asked, request } from '../api.js';
import { typedControl } from '../controls.js';
import { key } from '../key.js';
import { node } from '../nodes.js';
import { ChainList, same } from './chain_list.js';

const FIT = { enum: ['cover', 'contain'], description: 'cover fills the frame; contain shows the whole picture on the colour.' };
const BLUR = { type: 'number', minimum: 0, maximum: 30, description: 'In px of a picture 512 px high; 0 is off.' };
const FILTERS = {
  enum: ['none', 'own', 'shared'],
  description: 'none leaves it as it is; own gives it filters of its own; shared runs the avatar’s over the whole scene, as a camera would see it.',
};
const PLAIN = '#181a26';

export class BackdropPanel {
  #root;
  #onChange;
  #announce;
  #complain;
  #files = []; // [{name, thumbnail, own}, …]
  #backdrop = null; // as backdrop.set takes it
  #own = node('div', { className: 'own', hidden: true });
  #thumbs = node('div', { className: 'thumbs' });
  #dials = node('div', { className: 'dials' });
  #list;
  #controls;

  /** @param {HTMLElement} root an element with `.backdrops`. @param {(backdrop: object) => void} onChange while sliders move, too. */
  constructor(root, onChange, { announce, complain }) {
    this.#root = root;
    this.#onChange = onChange;
    this.#announce = announce;
    this.#complain = complain;
    this.#list = new ChainList(this.#own, (chain) => this.#change({ chain }), announce);
    this.#thumbs.setAttribute('role', 'radiogroup');
    this.#thumbs.setAttribute('aria-label', 'Backdrop');
    root.querySelector('.backdrops').append(this.#thumbs, this.#dials, this.#own);
    this.#build();
  }

  /** @param {Object<string, object>} schema as of the list of filters. */
  set schema(schema) { this.#list.schema = schema; }

  /** Show the avatar's backdrop. */
  set backdrop(backdrop) {
    if (same(backdrop, this.#backdrop)) return;
    this.#backdrop = structuredClone(backdrop);
    this.#show();
  }

  /** Ask again which pictures there are. */
  async refresh() {
    this.#files = (await request('GET', 'backdrops')).backdrops;
    this.#drawThumbs();
  }

  /** Keep a picture and put it behind the avatar. @param {File} file */
  async upload(file) {
    const plain = file.name.replace(/\.\w+$/, '').toLowerCase().replace(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 56) || 'backdrop';
    const taken = new Set(this.#files.map(({ name }) => name));
    let name = plain;
    for (let number = 2; taken.has(name); number += 1) name = `${plain}-${number}`;
    await request('POST', `backdrops?name=${encodeURIComponent(name)}`, file);
    await this.refresh();
    this.#change({ name });
    this.#show();
    this.#announce(`${name} stands behind the avatar`);
  }

  async #forget(name) {
    if (this.#backdrop.name === name) {
      this.#backdrop.name = null;
      await this.#onChange(this.#backdrop);
    }
    await request('DELETE', `backdrops/${name}`);
    await this.refresh();
    this.#show();
    this.#thumbs.querySelector(':checked').focus();
  }

  #change(fields) {
    Object.assign(this.#backdrop, fields);
    this.#showKind();
    return this.#onChange(this.#backdrop);
  }

  #build() {
    const $colour = node('input', { type: 'color', value: PLAIN });
    const $colourDial = node('div', { className: 'dial typed' }, node('label', { textContent: 'colour', htmlFor: 'backdrop-colour' }), $colour);
    $colour.id = 'backdrop-colour';
    $colour.addEventListener('input', () => this.#change({ colour: $colour.value }));
    const fit = typedControl('fit', FIT, 'cover', (value) => this.#change({ fit: value }), 'cover');
    const blur = typedControl('blur', BLUR, 0, (value) => this.#change({ blur: value }), 0);
    const filters = typedControl('filters', FILTERS, 'none', (value) => {
      this.#change({ chain: { none: [], own: this.#list.chain, shared: 'shared' }[value] });
      this.#own.hidden = value !== 'own';
    }, 'none');
    this.#controls = { $colour, fit, blur, filters };
    this.#dials.append($colourDial, fit, blur, filters);
  }

  #show() {
    if (!this.#backdrop) return;
    const { colour, fit, blur, chain } = this.#backdrop;
    this.#controls.$colour.value = colour;
    this.#controls.fit.show(fit);
    this.#controls.blur.show(blur);
    const kind = chain === 'shared' ? 'shared' : chain?.length ? 'own' : 'none';
    const isEdited = kind === 'none' && !this.#own.hidden && this.#own.contains(document.activeElement);
    if (!isEdited) {
      this.#controls.filters.show(kind);
      this.#own.hidden = kind !== 'own';
    }
    if (kind !== 'shared') this.#list.chain = chain ?? [];
    this.#showKind();
  }

  /** Which is chosen, and which controls it has. */
  #showKind() {
    const { name, colour } = this.#backdrop;
    this.#controls.fit.hidden = this.#controls.blur.hidden = name === null;
    for (const $radio of this.#thumbs.querySelectorAll('[type=radio]')) $radio.checked = $radio.value === (name ?? '');
    const $plain = this.#thumbs.querySelector('i');
    if ($plain) $plain.style.background = colour;
  }

  #drawThumbs() {
    const plain = this.#thumb('', 'plain colour', node('i', {}), null);
    this.#thumbs.replaceChildren(plain, ...this.#files.map(({ name, thumbnail, own }) => {
      const $picture = node('img', { alt: '', loading: 'lazy' });
      setPicture($picture, thumbnail, own);
      return this.#thumb(name, name, $picture, own ? name : null);
    }));
    if (this.#backdrop) this.#showKind();
  }

  #thumb(value, text, $picture, removable) {
    const $radio = node('input', { type: 'radio', name: 'behind', value });
    $radio.addEventListener('change', () => this.#change({ name: value || null }));
    const $label = node('label', { className: 'thumb' }, $radio, $picture, node('span', { textContent: text }));
    if (!removable) return $label;
    const $remove = node('button', { type: 'button', className: 'remove', textContent: '×', title: `Forget the backdrop ${removable}` });
    $remove.setAttribute('aria-label', `Forget the backdrop ${removable}`);
    $remove.addEventListener('click', () => this.#forget(removable).catch(this.#complain));
    return node('div', { className: 'kept' }, $label, $remove);
  }
}

/** An <img> shows no key: where there is one, its picture is fetched with it. */
async function setPicture($img, path, isOwn) {
  if (!isOwn || !key()) {
    $img.src = new URL(`.${path}`, document.baseURI).href;
    return;
  }
  const picture = await asked('GET', path.replace('/api/v1/', '')).catch(() => null);
  if (picture) $img.src = URL.createObjectURL(await picture.blob());
}
