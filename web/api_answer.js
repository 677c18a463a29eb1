/** What the server has answered: status, time, the headers that matter, and the body as what it is. */

import { node } from './nodes.js';
import { isJson } from './openapi.js';

const HEADERS = ['content-type', 'location', 'etag', 'retry-after', 'link', 'content-disposition'];
const ENDLESS = 'multipart/x-mixed-replace';
const EVENTS = 'text/event-stream';
const EVENTS_SHOWN = 40_000; // characters, the newest of them

export class Answer {
  #root = node('div', { className: 'answer', hidden: true });
  #status = node('p', { className: 'outcome' });
  #url = ''; // of the blob that is shown

  constructor() {
    this.#status.setAttribute('role', 'status');
    this.#root.append(this.#status);
  }

  get root() { return this.#root; }

  wait() {
    this.#clear();
    this.#status.textContent = '…';
  }

  fail(text) {
    this.#clear();
    this.#root.classList.add('refused');
    this.#status.textContent = text;
  }

  /**
   * @param {Response} response @param {number} start when it was asked for, of performance.now().
   * @param {AbortController} controller ends the transfer of a body that has no end.
   */
  async show(response, start, controller) {
    const type = response.headers.get('Content-Type') ?? '';
    const isEndless = type.startsWith(ENDLESS);
    const isStream = type.startsWith(EVENTS) && response.body !== null;
    const body = isEndless || isStream ? null : await response.blob();
    const ms = performance.now() - start;
    this.#clear();
    this.#root.classList.toggle('refused', !response.ok);
    const size = body ? `, ${bytes(body.size)}` : '';
    this.#status.textContent = `${`${response.status} ${response.statusText}`.trim()} in ${Math.round(ms)} ms${size}`;
    const headers = HEADERS.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    if (headers.length) this.#root.append(node('pre', { className: 'headers', textContent: headers.join('\n') }));
    if (isEndless) {
      controller.abort(); // the picture asks for itself
      this.#root.append(node('img', { src: response.url, alt: 'The live answer' }));
    } else if (isStream) {
      await this.#follow(response.body);
    } else if (body.size) {
      this.#root.append(await this.#view(body, type));
    }
  }

  /** Shows what comes, as it comes, until it ends or is stopped. */
  async #follow(body) {
    const $told = preformatted('');
    this.#root.append($told);
    try {
      for (const reader = body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) return;
        const isAtEnd = $told.scrollTop + $told.clientHeight >= $told.scrollHeight - 4;
        $told.textContent = ($told.textContent + value).slice(-EVENTS_SHOWN);
        if (isAtEnd) $told.scrollTop = $told.scrollHeight;
      }
    } catch (error) {
      if (error.name !== 'AbortError') throw error; // what was told stays to be read
    }
  }

  async #view(body, type) {
    if (isJson(type)) return preformatted(pretty(await body.text()));
    if (type.startsWith('text/') || type.includes('sdp')) return preformatted(await body.text());
    this.#url = URL.createObjectURL(body);
    const $save = node('a', { href: this.#url, download: 'answer', textContent: `Save (${type || 'unknown type'})` });
    const tag = { image: 'img', audio: 'audio', video: 'video' }[type.split('/')[0]];
    if (!tag) return $save;
    const $media = node(tag, { src: this.#url, alt: 'The answer', controls: true });
    $media.addEventListener('error', () => $media.replaceWith($save)); // a kind that no browser shows, such as QOI
    return $media;
  }

  #clear() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = '';
    this.#root.hidden = false;
    this.#root.classList.remove('refused');
    this.#root.replaceChildren(this.#status);
  }
}

function preformatted(textContent) {
  return node('pre', { textContent, tabIndex: 0 });
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function bytes(count) {
  return count < 1_000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
