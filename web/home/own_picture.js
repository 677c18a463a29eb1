/** A picture of one's own: chosen or dropped, stored, and what the doctor says of it. */

import { request } from '../api.js';
import { node } from '../nodes.js';

const GOOD = 'One figure, in the right place, nothing behind it.';
const SIGNS = { error: 'bad', warning: 'fair', note: 'plain' };

export class OwnPicture {
  #upload;
  #verdict;
  #stage;
  #show;
  #complain;

  /**
   * @param {{upload: HTMLElement, verdict: HTMLElement, stage: HTMLElement}} nodes the label around the file's input,
   *   the list for the verdict, and the stage, where a file is dropped; so it is anywhere on the page.
   * @param {{show: (name: string) => Promise, complain: (error: Error) => void}} around show: the avatar shows that
   *   character, and the promise is fulfilled when it does.
   */
  constructor({ upload, verdict, stage }, { show, complain }) {
    this.#upload = upload;
    this.#verdict = verdict;
    this.#stage = stage;
    this.#show = show;
    this.#complain = complain;
    const $file = upload.querySelector('input');
    $file.addEventListener('change', () => {
      const [file] = $file.files;
      if (file) this.#take(file); // a chooser that is left without a choice empties it
      $file.value = ''; // so that the same file can be chosen again
    });
    document.addEventListener('dragover', (event) => this.#onOver(event));
    document.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) this.#stage.classList.remove('dropping');
    });
    document.addEventListener('drop', (event) => this.#onDrop(event));
  }

  #onOver(event) {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    this.#stage.classList.add('dropping');
  }

  #onDrop(event) {
    this.#stage.classList.remove('dropping');
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.#take(event.dataTransfer.files[0]);
  }

  async #take(file) {
    this.#upload.classList.add('busy');
    this.#tell(['busy', `Looking at ${file.name}…`]);
    try {
      const { name, prepared, findings } = await this.#store(file);
      const seen = [...prepared.map((done) => ['good', sentence(done)]), ...(findings.length ? findings.map(said) : [['good', GOOD]])];
      this.#tell(...seen, ['busy', 'Bringing it to life…']);
      await this.#show(name);
      this.#tell(...seen, ['good', 'It is alive.']);
    } catch (error) {
      this.#tell();
      this.#complain(error);
    } finally {
      this.#upload.classList.remove('busy');
    }
  }

  #store(file) {
    const type = file.type || (/\.zip$/i.test(file.name) ? 'application/zip' : '');
    const isZip = type.includes('zip');
    if (!isZip && !type.startsWith('image/')) {
      throw new Error(`${file.name} is no picture; wanted is a PNG with a transparent background, or a character’s folder as a zip.`);
    }
    const body = isZip && type !== 'application/zip' ? new Blob([file], { type: 'application/zip' }) : file;
    return request('POST', `characters?name=${encodeURIComponent(nameOf(file.name))}`, body);
  }

  #tell(...lines) {
    this.#verdict.replaceChildren(...lines.map(([className, textContent]) => node('li', { className, textContent })));
    this.#verdict.scrollIntoView({ block: 'nearest' });
  }
}

/** What a file's character is called: 1 to 64 of a-z 0-9 _ -. */
function nameOf(file) {
  const plain = file.replace(/\.\w+$/, '').toLowerCase().replace(/[^a-z0-9_]+/g, '-');
  return plain.replace(/^-+|-+$/g, '').slice(0, 64) || 'character';
}

function said({ severity, what, advice }) {
  return [SIGNS[severity], [what, advice].filter(Boolean).map(sentence).join(' ')];
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`.replace(/\.\.$/, '.');
}
