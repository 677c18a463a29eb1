/** Bare pictures of poses in a page: the newest face wins, however slow the server is. */

import { asked, newest } from '../api.js';
import { templateOf } from './face.js';

/** @returns {Promise<Blob>} the PNG of a face. @param {object} how `framing`, `size`, `stage` as the server takes them. */
export async function pictured(path, face, how = {}) {
  const response = await asked('POST', `${path}/poses`, { ...templateOf(face), ...how });
  return response.blob();
}

/** An <img> that shows faces. */
export class PosePicture {
  #image;
  #path;
  #show;

  /** @param {HTMLImageElement} image @param {string} path the avatar's. @param {(error: Error) => void} complain */
  constructor(image, path, complain) {
    this.#image = image;
    this.#path = path;
    this.#show = newest((face, how) => this.#fetch(face, how), complain);
  }

  /** Show a face as soon as there is a picture of it, or of a newer one. @returns {Promise} when nothing is under way. */
  show(face, how) { return this.#show(face, how); }

  async #fetch(face, how) {
    const begun = performance.now();
    this.#image.closest('figure')?.classList.add('busy');
    try {
      const url = URL.createObjectURL(await pictured(this.#path, face, how));
      const before = this.#image.src;
      this.#image.src = url;
      await this.#image.decode();
      if (before.startsWith('blob:')) URL.revokeObjectURL(before);
      this.#image.dataset.ms = Math.round(performance.now() - begun);
      this.#image.dataset.shown = Number(this.#image.dataset.shown ?? 0) + 1;
    } finally {
      this.#image.closest('figure')?.classList.remove('busy');
    }
  }
}
