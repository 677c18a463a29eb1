/** The card "Record": one button, the format, and the recordings and films that the server keeps of an avatar. */

import { address, asked } from './api.js';
import { key } from './key.js';
import { node } from './nodes.js';

const FORMATS = { mp4: 'MP4, with its backdrop', webm: 'WebM, transparent', png: 'Pictures, transparent (zip)' };
const STATES = {
  waiting: 'waiting', recording: 'recording', rendering: 'rendering', finishing: 'finishing', failed: 'not finished',
};
const TICK_MS = 500;
const MOST_SHOWN = 20;

export class RecordCard {
  #request;
  #complain;
  #announce;
  #path;
  #kept = []; // newest first
  #loadedAt = 0;
  #revision = null;
  #isLoading = false;
  #isOld = false; // what is shown, since the server has told of something newer while it was being asked
  #timer = null;
  #$rec = node('button', { type: 'button', className: 'tool rec', ariaPressed: 'false' }, node('i'), node('b', { textContent: 'REC' }));
  #$time = node('output', { ariaLabel: 'Recorded so far' });
  #$format = node('select', { name: 'recording format', ariaLabel: 'Format' });
  #$list = node('ul', { className: 'takes', ariaLabel: 'Recordings' });
  #$none = node('p', { className: 'hint', textContent: 'Nothing is recorded yet.' });

  /**
   * @param {HTMLElement} root becomes the card. @param {string} path of the avatar below /api/v1/.
   * @param {(method: string, path: string, body?: object) => Promise} request as that of api.js.
   * @param {(error: Error) => void} complain @param {(text: string) => void} announce to a screen reader.
   */
  constructor(root, { path, request, complain, announce }) {
    this.#path = `${path}/recordings`;
    this.#request = request;
    this.#complain = complain;
    this.#announce = announce;
    for (const [format, label] of Object.entries(FORMATS)) this.#$format.append(new Option(label, format));
    this.#$rec.setAttribute('aria-label', 'Record');
    this.#$rec.append(this.#$time);
    this.#$rec.addEventListener('click', () => this.#toggle());
    root.classList.add('record');
    root.replaceChildren(
      node('div', { className: 'heading' }, node('h2', { textContent: 'Record' }), this.#$format, this.#$rec),
      this.#$none, this.#$list,
    );
    root.hidden = false;
    this.#load();
  }

  /** What a `state` event says: others may record the avatar, too. */
  show({ recordings }) {
    if (!recordings || recordings.revision === this.#revision) return;
    const isFirst = this.#revision === null;
    this.#revision = recordings.revision;
    if (!isFirst || recordings.revision > 0) this.#load();
  }

  /** End the clock of the card. */
  close() {
    clearInterval(this.#timer);
  }

  get #underWay() {
    return this.#kept.filter(({ state }) => state === 'recording');
  }

  async #toggle() {
    const running = this.#underWay;
    this.#$rec.disabled = true;
    try {
      if (running.length) await Promise.all(running.map((each) => this.#delete(each)));
      else await this.#request('POST', this.#path, { format: this.#$format.value });
      await this.#load();
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#$rec.disabled = false;
      this.#$rec.focus();
    }
  }

  #delete({ id }) {
    return this.#request('DELETE', `${this.#path}/${id}`);
  }

  async #load() {
    this.#isOld = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (this.#isOld) {
        this.#isOld = false;
        const { recordings } = await this.#request('GET', this.#path);
        this.#take(recordings.reverse());
      }
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#isLoading = false;
    }
  }

  #take(kept) {
    const wasRecording = this.#underWay.length > 0;
    const became = kept.find(({ id, state }) => state === 'done' && this.#kept.some((each) => each.id === id && each.state !== 'done'));
    this.#kept = kept;
    this.#loadedAt = performance.now();
    const isRecording = this.#underWay.length > 0;
    if (isRecording !== wasRecording) this.#announce(isRecording ? 'recording' : 'stopped recording');
    else if (became) this.#announce('a recording is ready');
    this.#$rec.setAttribute('aria-pressed', String(isRecording));
    this.#$rec.querySelector('b').textContent = isRecording ? 'Stop' : 'REC';
    this.#$format.disabled = isRecording;
    this.#$none.hidden = kept.length > 0;
    const focused = document.activeElement?.closest?.('.takes [data-id]')?.dataset.id;
    this.#$list.replaceChildren(...kept.slice(0, MOST_SHOWN).map((each) => this.#row(each)));
    if (focused) (this.#$list.querySelector(`[data-id="${focused}"] :is(a, button)`) ?? this.#$rec).focus();
    clearInterval(this.#timer);
    this.#tick();
    if (isRecording) this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Between two answers of the server the page counts by itself. */
  #tick() {
    const since = (performance.now() - this.#loadedAt) / 1000;
    const running = this.#underWay;
    this.#$time.textContent = running.length ? clock(Math.max(...running.map(({ seconds }) => seconds)) + since) : '';
  }

  #row(kept) {
    const { id, kind, format, state, seconds, bytes, progress, notes, is_ready } = kept;
    const made = new Date(kept.made_at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
    const title = kind === 'film' ? `Film, ${made}` : made;
    const size = state === 'recording' ? format.toUpperCase() : `${format.toUpperCase()} · ${length(seconds)} · ${megabytes(bytes)}`;
    const $row = node('li', {}, node('span', { className: 'what' }, node('b', { textContent: title }), node('span', {
      textContent: state === 'done' ? size : `${STATES[state]} · ${size}`,
    }), ...notes.map((textContent) => node('span', { className: 'remark', textContent }))));
    $row.dataset.id = id;
    if (['finishing', 'rendering'].includes(state)) $row.append(node('progress', { max: 1, value: progress, ariaLabel: STATES[state] }));
    if (is_ready) $row.append(this.#download(kept, title));
    if (state !== 'recording') {
      const isWork = ['waiting', 'rendering'].includes(state);
      const $delete = node('button', { type: 'button', className: 'tool', textContent: isWork ? 'Stop' : 'Delete' });
      $delete.setAttribute('aria-label', `${$delete.textContent}: ${title}`);
      $delete.addEventListener('click', () => this.#delete(kept).then(() => this.#load()).catch(this.#complain));
      $row.append($delete);
    }
    return $row;
  }

  #download({ id }, title) {
    const path = `${this.#path}/${id}?download`;
    const $link = node('a', { className: 'tool', href: address(path), download: '', textContent: 'Download' });
    $link.setAttribute('aria-label', `Download: ${title}`);
    $link.addEventListener('click', (event) => {
      if (!key()) return; // the browser fetches it; a key does not belong into an address
      event.preventDefault();
      save(path).catch(this.#complain);
    });
    return $link;
  }
}

async function save(path) {
  const response = await asked('GET', path);
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'recording';
  const href = URL.createObjectURL(await response.blob());
  node('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // by then the browser has begun to save it
}

function length(seconds) {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
