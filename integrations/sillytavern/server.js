/** The avatar server, over HTTP: characters, voices, avatars. What goes wrong is an Error with a sentence for the user. */

const WAIT_MS = 15_000;
const UPLOAD_MS = 60_000;

export class ServerError extends Error {
  /** @param {number} status 0: no answer. */
  constructor(message, status) {
    super(message);
    this.name = 'ServerError';
    this.status = status;
  }
}

export class AvatarServer {
  #headers;

  /** @param {string} url its origin, with a path if it has one. @param {string} token '' if it wants none. */
  constructor(url, token = '') {
    this.url = url;
    this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** Load the element, once for a page; the server of the first load gives it. */
  async loadElement() {
    if (customElements.get('avatar-rtc')) return;
    // A module that could not be loaded stays so under its address.
    await import(`${this.url}/avatar-rtc.js?for=tavern${Date.now()}`).catch(() => { throw new ServerError(this.#away(), 0); });
  }

  whep(avatar) { return `${this.url}/api/v1/avatars/${encodeURIComponent(avatar)}/whep`; }

  /** @returns {Promise<string[]>} */
  async characters() { return (await this.#ask('GET', 'characters')).characters; }

  /** @returns {Promise<{id: string, label: string}[]>} voices that can speak. */
  async voices() {
    const { voices } = await this.#ask('GET', 'voices');
    return voices.map(({ engine, name, language }) => ({ id: `${engine}:${name}`, label: `${name} (${[engine, language].filter(Boolean).join(', ')})` }));
  }

  /** How a text feels. @returns {Promise<string>} the emotion that fits best. */
  async feeling(text) {
    const { classification } = await this.#ask('POST', 'classify', { text });
    return classification[0]?.label ?? 'neutral';
  }

  /** @returns {Promise<object>} the avatar's state. */
  async avatar(name) { return this.#ask('GET', `avatars/${encodeURIComponent(name)}`); }

  /**
   * The avatar of that name, made if it is not there.
   * @param {string} name @param {{character: ?string, animator: string}} how character: null is the server's own.
   */
  async make(name, { character, animator }) {
    const wanted = { id: name, ...(character && { character }), ...(animator && { animator }) };
    try {
      return await this.#ask('POST', 'avatars', wanted);
    } catch (error) {
      if (error.status === 403) throw new ServerError(`${error.message}. Name one that is there under “Avatar”, such as main`, 403);
      if (error.status !== 409) throw error;
      return this.avatar(name);
    }
  }

  /** End an avatar; one that is gone is no error. */
  async remove(name) {
    await this.#ask('DELETE', `avatars/${encodeURIComponent(name)}`).catch((error) => { if (error.status !== 404) throw error; });
  }

  /** Show another character. */
  async cast(avatar, character) { return this.#ask('PATCH', `avatars/${encodeURIComponent(avatar)}`, { character }); }

  /**
   * Keep a picture as a character.
   * @param {Uint8Array} bytes @returns {Promise<{name: string, prepared: string[], findings: {severity: string, what: string}[]}>}
   */
  async keep(name, bytes) {
    return this.#send('POST', `characters?name=${encodeURIComponent(name)}`, new Blob([bytes]), 'image/png', UPLOAD_MS);
  }

  /** Let it speak a sound. @returns {Promise<string>} its speech id. */
  async play(avatar, sound, type) {
    const path = `avatars/${encodeURIComponent(avatar)}/audio`;
    return (await this.#send('POST', path, sound, type, UPLOAD_MS)).speech_id;
  }

  async #ask(method, path, body) {
    return this.#send(method, path, body === undefined ? undefined : JSON.stringify(body), 'application/json', WAIT_MS);
  }

  async #send(method, path, body, type, waitMs) {
    const headers = body === undefined ? this.#headers : { 'Content-Type': type, ...this.#headers };
    const options = { method, headers, body, signal: AbortSignal.timeout(waitMs) };
    const response = await fetch(`${this.url}/api/v1/${path}`, options).catch(() => { throw new ServerError(this.#away(), 0); });
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    const said = answer?.detail ?? `${this.url} is no avatar server: it answers ${response.status}`;
    throw new ServerError(response.status === 401 ? `${said}. The token has a field in the settings of this extension` : said, response.status);
  }

  #away() {
    if (globalThis.location?.protocol === 'https:' && this.url.startsWith('http:') && !/\/\/(localhost|127\.|\[::1\])/.test(this.url)) {
      return `this page is on https, so browsers block ${this.url}; the avatar server needs https, too`;
    }
    return `the avatar server at ${this.url} cannot be reached. Start it: avatar-rtc serve --allow-origin ${globalThis.location?.origin}`;
  }
}
