/**
 * <avatar-rtc src="https://host/api/v1/avatars/main/whep" muted>: a live avatar, transparent over any page.
 *
 * Load it from the server that runs the avatar: <script type="module" src="https://host/avatar-rtc.js"></script>.
 * Content between the tags is shown until the first frame. Sound needs `muted` off, and browsers refuse that
 * before the user has touched the page: the element then mutes itself and fires `volumechange`.
 */

import { AlphaCanvas } from './alpha_canvas.js';
import { AvatarConnection } from './connection.js';

export { AvatarConnection };

const RESTORE_MS = 4_000; // a WebGL context that is not given back by then is given up

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: inline-block; position: relative; inline-size: 512px; max-inline-size: 100%; aspect-ratio: 1;
    overflow: hidden; contain: content; }
  :host([hidden]) { display: none; }
  canvas, video { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; object-fit: contain;
    object-position: var(--avatar-position, 50% 100%); }
  :host([fit="cover"]) :is(canvas, video) { object-fit: cover; }
  :host([fit="fill"]) :is(canvas, video) { object-fit: fill; }
  video.hidden { inline-size: 1px; block-size: 1px; opacity: 0; pointer-events: none; }
  canvas.hidden, .poster.hidden, .badge:empty { display: none; }
  .poster { position: absolute; inset: 0; display: grid; place-items: center; }
  .badge { position: absolute; inset-block-end: .75em; inset-inline: .75em; margin-inline: auto; inline-size: fit-content;
    max-inline-size: calc(100% - 1.5em); padding: .3em .8em; border-radius: 1em; font: 500 13px/1.35 system-ui, sans-serif;
    color: #fff; background: rgb(20 22 40 / .78); animation: appear .25s .5s backwards; }
  @keyframes appear { from { opacity: 0; } }
`);

/**
 * Attributes: `src`, `muted`, `fit` (contain | cover | fill). Events: `statechange` {state, reason}, `avatarstate`
 * (the server's state message), `frame` (video frame metadata, after drawing), `volumechange`.
 * CSS: parts `canvas`, `video`, `badge`; custom property `--avatar-position`; `:state(live)` and the other states.
 */
export class AvatarRtcElement extends HTMLElement {
  static observedAttributes = ['src', 'muted'];

  #connection = null;
  #layout = 'alpha'; // 'matte' where WebGL is missing
  #renderer = null;
  #frameRequest = 0;
  #lostSince = 0;
  #lastTime = -1;
  #internals = this.attachInternals();
  #root = this.attachShadow({ mode: 'open' });
  #canvas = element('canvas', { part: 'canvas', className: 'hidden' });
  #video = element('video', { part: 'video', className: 'hidden', playsInline: true, autoplay: true });
  #poster = element('slot', { className: 'poster' });
  #badge = element('div', { part: 'badge', className: 'badge' });

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
    this.#root.append(this.#canvas, this.#video, this.#poster, this.#badge);
    this.#internals.role = 'img';
    this.#internals.ariaLabel = 'Live avatar'; // an aria-label of the page wins
  }

  get src() { return this.getAttribute('src') ?? ''; }
  set src(value) { this.setAttribute('src', value); }
  get muted() { return this.hasAttribute('muted'); }
  set muted(value) { this.toggleAttribute('muted', Boolean(value)); }
  get fit() { return this.getAttribute('fit') ?? 'contain'; }
  set fit(value) { this.setAttribute('fit', value); }

  /** The AvatarConnection, null while the element is in no document or has no src. */
  get connection() { return this.#connection; }

  /** connecting | live | retrying | closed | failed */
  get state() { return this.#connection?.state ?? 'closed'; }

  /** alpha (transparent canvas) | matte (plain video on a backdrop) */
  get layout() { return this.#layout; }

  /** Promise of the figures in stats.js; of null while not connected. */
  get stats() { return this.#connection?.stats() ?? Promise.resolve(null); }

  /** @param {string|Object<string, number>} emotion name, or weights. @param {number} intensity 0..1 */
  setEmotion(emotion, intensity = 1) {
    const what = typeof emotion === 'string' ? { name: emotion } : { weights: emotion };
    return this.#send({ type: 'emotion.set', ...what, intensity });
  }

  /** @param {Array} chain `[[name, {params}], …]` */
  setChain(chain) { return this.#send({ type: 'chain.set', chain }); }

  /** Move the mouth for an audio of your own; t_ms is your clock. @returns whether the cue was sent. */
  sendCue(t_ms, visemes) { return this.#connection?.sendCue(t_ms, visemes) ?? false; }

  /** @returns {Promise<object>} the answer, with `round_trip_ms` through the avatar and `t_ms`, its media clock. */
  async ping() {
    const start = performance.now();
    const answer = await this.#send({ type: 'ping' });
    return { ...answer, round_trip_ms: performance.now() - start };
  }

  /** End the connection; setting `src` or putting the element into a document again opens another. */
  close() {
    this.#connection?.close();
    this.#connection = null;
    this.#cancelFrame();
    this.#video.srcObject = null;
  }

  connectedCallback() {
    if (!this.#connection) this.#open();
  }

  disconnectedCallback() {
    // Moving an element disconnects and connects it in one go: that must not cost a new connection.
    queueMicrotask(() => { if (!this.isConnected) this.close(); });
  }

  attributeChangedCallback(name, before, value) {
    if (name === 'muted') this.#video.muted = value !== null;
    else if (this.isConnected && before !== value) this.#open();
  }

  #send(message) {
    return this.#connection?.send(message) ?? Promise.reject(new Error('not connected'));
  }

  #open() {
    this.close();
    if (!this.src) return;
    this.#chooseLayout();
    const connection = new AvatarConnection(this.src, { video: this.#layout });
    this.#connection = connection;
    connection.addEventListener('track', ({ detail }) => this.#play(detail.stream));
    connection.addEventListener('statechange', ({ detail }) => this.#show(detail));
    connection.addEventListener('message', ({ detail }) => {
      if (detail.type === 'state') this.#emit('avatarstate', detail);
    });
    connection.connect();
  }

  #chooseLayout() {
    if (this.#layout === 'alpha' && !this.#renderer) {
      try {
        this.#renderer = new AlphaCanvas(this.#canvas);
      } catch {
        this.#layout = 'matte';
      }
    }
    this.#canvas.classList.toggle('hidden', this.#layout === 'matte');
    this.#video.classList.toggle('hidden', this.#layout === 'alpha');
  }

  async #play(stream) {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    this.#requestFrame();
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError' || this.muted) return; // a newer stream has replaced this one
      this.muted = true;
      this.#emit('volumechange');
      this.#video.play().catch(() => {});
    }
  }

  #requestFrame() {
    this.#cancelFrame();
    const hasCallback = 'requestVideoFrameCallback' in this.#video;
    this.#frameRequest = hasCallback
      ? this.#video.requestVideoFrameCallback((_now, metadata) => this.#onFrame(metadata))
      : requestAnimationFrame(() => this.#onFrame({ mediaTime: this.#video.currentTime }));
  }

  #cancelFrame() {
    this.#video.cancelVideoFrameCallback?.(this.#frameRequest);
    cancelAnimationFrame(this.#frameRequest);
  }

  #onFrame(metadata) {
    this.#requestFrame();
    if (metadata.mediaTime === this.#lastTime) return; // an animation frame without a new picture
    this.#lastTime = metadata.mediaTime;
    if (this.#layout === 'alpha' && !this.#renderer.draw(this.#video)) {
      this.#onUndrawn();
      return;
    }
    this.#lostSince = 0;
    this.#poster.classList.add('hidden');
    this.#emit('frame', metadata);
  }

  #onUndrawn() {
    if (!this.#renderer.isLost) return;
    this.#lostSince ||= performance.now();
    if (performance.now() - this.#lostSince < RESTORE_MS) return;
    this.#layout = 'matte';
    this.#open();
  }

  #show({ state, reason }) {
    const texts = { connecting: 'connecting…', retrying: `reconnecting… ${reason}`, failed: reason };
    this.#badge.textContent = texts[state] ?? '';
    try {
      this.#internals.states.clear();
      this.#internals.states.add(state);
    } catch {
      // Browsers of before 2024 have no custom states or demand two dashes: they style by event.
    }
    this.#emit('statechange', { state, reason });
  }

  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function element(tag, { part, ...properties }) {
  const $node = Object.assign(document.createElement(tag), properties);
  if (part) $node.setAttribute('part', part);
  return $node;
}

if (!customElements.get('avatar-rtc')) customElements.define('avatar-rtc', AvatarRtcElement);
