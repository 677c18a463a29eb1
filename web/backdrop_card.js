/** What stands behind the avatar in video without transparency: a colour or a picture, blurred, with filters. */

import { ChainEditor } from './chain_editor.js';
import { control } from './controls.js';

const FIT = { enum: ['cover', 'contain'], description: 'cover fills the frame; contain shows the whole picture on the colour.' };
const BLUR = { type: 'number', minimum: 0, maximum: 30, description: 'In px of a picture 512 px high; 0 is off.' };
const FILTERS = {
  enum: ['none', 'own', 'shared'],
  description: 'none leaves it as it is; own gives it filters of its own; shared runs the avatar’s over the whole scene, as a camera would see it.',
};

export class BackdropCard {
  #root;
  #onChange;
  #files = []; // [{name, thumbnail}, …]
  #backdrop = null; // as backdrop.set takes it
  #editor;
  #own = section('own'); // the editor of its own chain

  /**
   * @param {HTMLElement} root an empty element. @param {(backdrop: object) => void} onChange while sliders move, too.
   */
  constructor(root, onChange) {
    this.#root = root;
    this.#onChange = onChange;
    const $list = Object.assign(document.createElement('ol'), { className: 'chain' });
    const $adders = section('adders');
    this.#own.append($adders, $list);
    this.#editor = new ChainEditor($list, $adders, (chain) => this.#change({ chain }));
  }

  /** @param {Array<{name: string, thumbnail: string}>} files from GET /api/v1/backdrops. */
  set files(files) {
    this.#files = files;
    this.#draw();
  }

  /** @param {Object<string, object>} schema as of the chain editor. */
  set schema(schema) { this.#editor.schema = schema; }

  /** @param {Object<string, object>} presets as of the chain editor. */
  set presets(presets) { this.#editor.presets = presets; }

  /** Show the avatar's backdrop, unless that is what is shown: controls in use must not be replaced. */
  set backdrop(backdrop) {
    if (JSON.stringify(backdrop) === JSON.stringify(this.#backdrop)) return;
    this.#backdrop = structuredClone(backdrop);
    this.#editor.chain = backdrop.chain === 'shared' ? [] : backdrop.chain;
    this.#draw();
  }

  /** True while one of its controls is being used. */
  get isBusy() {
    return this.#root.contains(document.activeElement) && document.activeElement.matches('select, [type=range], [type=color]');
  }

  #change(fields) {
    Object.assign(this.#backdrop, fields);
    this.#onChange(this.#backdrop);
  }

  #draw() {
    if (!this.#backdrop) return;
    const { name, colour, fit, blur, chain } = this.#backdrop;
    const kind = chain === 'shared' ? 'shared' : chain.length ? 'own' : 'none';
    const $fit = control('fit', FIT, fit, (value) => this.#change({ fit: value }));
    const $blur = control('blur', BLUR, blur, (value) => this.#change({ blur: value }));
    const $filters = control('filters', FILTERS, kind, (value) => {
      this.#own.hidden = value !== 'own';
      this.#change({ chain: { none: [], own: this.#editor.chain, shared: 'shared' }[value] });
    });
    this.#own.hidden = kind !== 'own';
    const ofPicture = (isPicture) => { $fit.hidden = $blur.hidden = !isPicture; };
    ofPicture(name !== null);

    const $thumbs = section('thumbs');
    $thumbs.setAttribute('role', 'radiogroup');
    $thumbs.setAttribute('aria-label', 'Backdrop');
    const $plain = document.createElement('i');
    $plain.style.background = colour;
    const choose = (value) => {
      ofPicture(value !== null);
      this.#change({ name: value });
    };
    $thumbs.append(thumb('plain colour', $plain, name === null, () => choose(null)));
    for (const { name: file, thumbnail } of this.#files) {
      const $picture = Object.assign(new Image(), { src: new URL(`.${thumbnail}`, document.baseURI), alt: '', loading: 'lazy' });
      $thumbs.append(thumb(file, $picture, file === name, () => choose(file)));
    }
    const $colour = Object.assign(document.createElement('input'), { type: 'color', value: colour });
    const $label = Object.assign(document.createElement('label'), { className: 'dial', textContent: 'colour' });
    $label.append($colour);
    $colour.addEventListener('input', () => {
      $plain.style.background = $colour.value;
      this.#change({ colour: $colour.value });
    });
    const $dials = section('dials');
    $dials.append($label, $fit, $blur, $filters);
    this.#root.replaceChildren($thumbs, $dials, this.#own);
  }
}

function thumb(name, $picture, isChosen, onChoose) {
  const $label = Object.assign(document.createElement('label'), { className: 'thumb' });
  const $radio = Object.assign(document.createElement('input'), { type: 'radio', name: 'behind', value: name, checked: isChosen });
  $radio.addEventListener('change', onChoose);
  $label.append($radio, $picture, Object.assign(document.createElement('span'), { textContent: name }));
  return $label;
}

function section(className) {
  return Object.assign(document.createElement('div'), { className });
}
