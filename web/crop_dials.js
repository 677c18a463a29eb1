/** The part of the picture that is shown: a switch, and the four edges. */

import { newestOfEach } from './api.js';
import { control } from './controls.js';

const EDGE = { type: 'number', minimum: 0, maximum: 1 };
const DIALS = {
  enabled: { type: 'boolean', description: 'Off shows the framing and keeps the edges for later.' },
  left: { ...EDGE, description: 'Left edge, 0 is the picture’s own.' },
  top: { ...EDGE, description: 'Upper edge, 0 is the picture’s own.' },
  right: { ...EDGE, description: 'Right edge, 1 is the picture’s own.' },
  bottom: { ...EDGE, description: 'Lower edge, 1 is the picture’s own.' },
};
const LEAST = 1 / 16; // of each side is shown, as the server wants it
const OPPOSITE = { left: 'right', right: 'left', top: 'bottom', bottom: 'top' };
const NONE = { enabled: false, left: 0, top: 0, right: 1, bottom: 1 };

export class CropDials {
  #dials; // name → control
  #crop = NONE; // as crop.set takes it
  #wanted = NONE; // the same, with the changes under way
  #send;

  /**
   * @param {HTMLFieldSetElement} root gets the controls.
   * @param {(crop: object) => Promise<object>} set gives the crop as it is then.
   * @param {(error: Error) => void} complain
   */
  constructor(root, set, complain) {
    this.#send = newestOfEach(async (changes) => { this.#crop = await set({ ...this.#crop, ...changes }); }, complain);
    this.#dials = Object.entries(DIALS).map(([name, declared]) => {
      const $dial = control(name, declared, NONE[name], (value) => this.#change({ [name]: this.#roomy(name, value) }));
      $dial.dataset.crop = name;
      return [name, $dial];
    });
    root.append(...this.#dials.map(([, $dial]) => $dial));
  }

  /** Show the avatar's crop, unless a change is under way. */
  set crop(crop) {
    if (this.#send.isBusy) return;
    this.#crop = crop;
    this.#draw();
  }

  /** The framing again; the edges are the picture's own. */
  reset() { return this.#change(NONE); }

  /** An edge stops short of its opposite. */
  #roomy(name, value) {
    const other = this.#wanted[OPPOSITE[name]];
    if (other === undefined) return value;
    return ['left', 'top'].includes(name) ? Math.min(value, other - LEAST) : Math.max(value, other + LEAST);
  }

  async #change(changes) {
    this.#wanted = { ...this.#wanted, ...changes };
    await this.#send(changes);
    this.#draw(); // what was refused goes back to what is
  }

  #draw() {
    if (this.#send.isBusy) return;
    this.#wanted = this.#crop;
    for (const [name, $dial] of this.#dials) {
      $dial.show(this.#crop[name]);
      $dial.classList.toggle('changed', this.#crop[name] !== NONE[name]);
    }
  }
}
