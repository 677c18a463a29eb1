/**
 * <avatar-rtc src="https://host/api/v1/avatars/main/whep" subtitles>: a live avatar, transparent over any page.
 *
 * Load it from the server that runs the avatar: <script type="module" src="https://host/avatar-rtc.js"></script>.
 * Content between the tags is shown until the first frame, or until it is clear that there will be none. What is wrong
 * then stands in the element, and the last picture stays, dimmed. Browsers refuse sound before the user has touched the
 * page: the element then falls silent, fires `volumechange`, and shows a button that turns the sound on. With
 * `muted` it is silent from the start and shows none.
 */

import { AlphaCanvas } from './alpha_canvas.js';
import { AvatarCommands } from './commands.js';
import { AvatarConnection } from './connection.js';
import { Subtitles } from './subtitles.js';

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
  canvas.hidden, .poster.hidden, .foot > :is(:empty, .hidden) { display: none; }
  .poster { position: absolute; inset: 0; display: grid; place-items: center; }
  .foot { position: absolute; inset: auto 12px 12px; display: flex; flex-direction: column; align-items: center;
    gap: 8px; container-type: inline-size; font: 500 13px/1.35 system-ui, sans-serif; pointer-events: none; }
  .foot.alone { inset-block: 12px; justify-content: center; }
  .foot.alone .sound { display: none; } /* it would leap down with the first picture, from under the finger */
  .foot { max-block-size: calc(100% - 24px); }
  .badge { box-sizing: border-box; max-inline-size: min(100%, 36em); padding: .3em .8em; border-radius: 1em; color: #fff;
    background: rgb(20 22 40 / .86); overflow: auto; overflow-wrap: anywhere; text-wrap: pretty; pointer-events: auto;
    animation: appear .25s .5s backwards; }
  .badge.failed { padding: .7em 1em; border-inline-start: 5px solid #ff7350; border-radius: .5em; background: #14162a; font-size: 14px;
    user-select: text; }
  :is(canvas, video) { transition: opacity .4s; }
  .dim { opacity: .4; }
  .subtitles { position: relative; box-sizing: border-box; max-inline-size: min(100%, 32em); max-block-size: calc(4.05em + .8em);
    overflow: hidden; padding: .4em .8em; border-radius: .5em; font-size: clamp(15px, 1.1cqi + 10px, 40px);
    text-align: center; text-wrap: balance; overflow-wrap: anywhere; color: #fff; background: rgb(20 22 40 / .86); }
  :host(:not([subtitles])) .subtitles { display: none; }
  mark { border-radius: .2em; color: #14162a; background: #ffd75e; }
  .sound { display: flex; align-items: center; gap: .6em; padding: .55em 1.1em; border: 2px solid #14162a; border-radius: 2em;
    font: 600 15px/1.2 system-ui, sans-serif; color: #14162a; background: #fff; cursor: pointer; pointer-events: auto; }
  .sound:hover { background: #ffd75e; }
  .sound:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #14162a; }
  .sound::before { content: ""; inline-size: .75em; block-size: 1em; background: currentColor;
    clip-path: polygon(0 30%, 35% 30%, 100% 0, 100% 100%, 35% 70%, 0 70%); }
  @keyframes appear { from { opacity: 0; } }
  @media (prefers-reduced-motion: reduce) {
    .badge { animation-duration: 0s; }
    :is(canvas, video) { transition: none; }
  }
`);

/**
 * Attributes: `src`, `token` (for a server that wants one), `muted`, `subtitles`, `fit` (contain | cover | fill), `framing` (face | bust | whole), `headroom`
 * (0..1). Events: `statechange` {state, reason},
 * `avatarstate` (the server's state message), `speech` (each of the server's `speech.*` messages), `refusal` {detail} (why
 * a cue, a pose or a framing was not taken), `frame` (video frame metadata, after drawing), `volumechange`.
 * What it can be told to do is in commands.js.
 * CSS: parts `canvas`, `video`, and at the foot of the picture `foot` with `badge`, `subtitles`, `word`
 * in them and `sound` (the button); custom property `--avatar-position`; `:state(live)` and the other states.
 */
export class AvatarRtcElement extends AvatarCommands {
  static observedAttributes = ['src', 'token', 'muted', 'framing', 'headroom'];

  #connection = null;
  #layout = 'alpha'; // 'matte' where WebGL is missing
  #renderer = null;
  #frameRequest = 0;
  #lostSince = 0;
  #lastPicture = -1;
  #isSilenced = false; // by the browser
  #wasMuted = false;
  #internals = this.attachInternals();
  #root = this.attachShadow({ mode: 'open' });
  #canvas = element('canvas', { part: 'canvas', className: 'hidden' });
  #video = element('video', { part: 'video', className: 'hidden', playsInline: true, autoplay: true });
  #poster = element('slot', { className: 'poster' });
  #sound = element('button', { part: 'sound', className: 'sound hidden', type: 'button', textContent: 'Tap for sound' });
  #caption = element('div', { part: 'subtitles', className: 'subtitles', dir: 'auto' });
  #badge = element('div', { part: 'badge', className: 'badge' });
  #foot = element('div', { part: 'foot', className: 'foot alone' });
  #subtitles = new Subtitles(this.#caption);

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
    this.#badge.setAttribute('role', 'status');
    this.#foot.append(this.#badge, this.#caption, this.#sound); // the button lowest, where nothing moves it
    this.#root.append(this.#canvas, this.#video, this.#poster, this.#foot);
    this.#sound.addEventListener('click', () => { this.muted = false; });
    this.#internals.role = 'group'; // not img: what is in an img is kept from assistive technology
    this.#internals.ariaLabel = 'Live avatar'; // an aria-label of the page wins
  }

  get src() { return this.getAttribute('src') ?? ''; }
  set src(value) { this.setAttribute('src', value); }
  /** The bearer token for a server that wants one; a newer one keeps the connection, if the server takes it. */
  get token() { return this.getAttribute('token') ?? ''; }
  set token(value) { this.setAttribute('token', value); }
  get subtitles() { return this.hasAttribute('subtitles'); }
  set subtitles(value) { this.toggleAttribute('subtitles', Boolean(value)); }

  /** True if nothing is heard: by the attribute, or because the browser refuses sound so far. */
  get muted() { return this.#isSilenced || this.hasAttribute('muted'); }
  set muted(value) {
    this.#isSilenced = false;
    this.toggleAttribute('muted', Boolean(value));
    this.#applySound();
  }

  /** face | bust | whole; '' asks for none. What is asked for is shown to everybody who watches the avatar. */
  get framing() { return this.getAttribute('framing') ?? ''; }
  set framing(value) { this.setAttribute('framing', value); }

  /** Free above the head, 0..1 of the picture; '' is as the framing wants it. */
  get headroom() { return this.getAttribute('headroom') ?? ''; }
  set headroom(value) { this.setAttribute('headroom', value); }

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

  /** As AvatarCommands; a silence that the browser imposed ends here, if the user has touched the page since. */
  say(text, manner) {
    if (this.#isSilenced && navigator.userActivation?.hasBeenActive) this.muted = false;
    return super.say(text, manner);
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
    if (name === 'muted') this.#applySound();
    else if (name === 'token' && before !== value && this.state === 'live') this.#renew();
    else if (name !== 'src' && name !== 'token') {
      if (before !== value && this.state === 'live') this.#frame();
    } else if (this.isConnected && before !== value) this.#open();
  }

  async #renew() {
    const connection = this.#connection;
    if (!await connection.renew(this.token) && this.#connection === connection) this.#open();
  }

  #open() {
    this.close();
    if (!this.src) return;
    this.#chooseLayout();
    const connection = new AvatarConnection(this.src, { video: this.#layout, token: this.token });
    this.#connection = connection;
    let isFramed = false; // once for each connection: whoever chooses another framing later keeps it
    connection.addEventListener('track', ({ detail }) => this.#play(detail.stream));
    connection.addEventListener('statechange', ({ detail }) => this.#show(detail));
    connection.addEventListener('message', ({ detail }) => {
      if (detail.type === 'state') this.#emit('avatarstate', detail);
      if (detail.type === 'state' && !isFramed) {
        isFramed = true;
        if (this.framing || this.headroom) this.#frame();
      }
      if (detail.type?.startsWith('speech.')) this.#tell(detail);
    });
    connection.addEventListener('refusal', ({ detail }) => this.#emit('refusal', detail));
    connection.connect();
  }

  /** Ask for the framing of the attributes. */
  #frame() {
    const headroom = this.headroom === '' ? null : Number(this.headroom);
    this.setFraming(this.framing || null, { headroom }).catch(({ message }) => this.#emit('refusal', { detail: message }));
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

  #tell(event) {
    this.#subtitles.follow(event);
    this.#emit('speech', event);
  }

  #play(stream) {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    this.#requestFrame();
    this.#start();
  }

  async #start() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError' || this.muted) return; // a newer stream has replaced this one
      this.#isSilenced = true;
      this.#applySound();
    }
  }

  #applySound() {
    this.#isSilenced &&= !this.hasAttribute('muted'); // by choice now
    const isMuted = this.muted;
    this.#video.muted = isMuted;
    this.#sound.classList.toggle('hidden', !this.#isSilenced);
    // A browser that refuses sound does not go on in silence, it stops the picture.
    if (this.#video.srcObject) this.#start();
    if (isMuted !== this.#wasMuted) this.#emit('volumechange');
    this.#wasMuted = isMuted;
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
    if (this.state !== 'live') return; // Chromium ends a lost stream with a black picture of 2 x 2
    // By number where there is one: in Firefox all pictures of a stream have the time 0.
    const picture = metadata.presentedFrames ?? metadata.mediaTime;
    if (picture === this.#lastPicture) return; // an animation frame without a new picture
    this.#lastPicture = picture;
    if (this.#layout === 'alpha' && !this.#renderer.draw(this.#video)) {
      this.#onUndrawn();
      return;
    }
    this.#lostSince = 0;
    this.#poster.classList.add('hidden');
    this.#foot.classList.remove('alone');
    this.#dim(false);
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
    const again = this.#connection.hasBeenLive ? 'reconnecting' : 'connecting';
    const texts = { connecting: 'connecting…', retrying: `${again}… ${reason}`, failed: reason };
    this.#badge.setAttribute('aria-live', state === 'failed' ? 'assertive' : 'polite');
    this.#badge.classList.toggle('failed', state === 'failed');
    this.#badge.textContent = texts[state] ?? '';
    // There is a picture to dim once one was drawn; the first of a new stream is what ends it.
    if (state !== 'live') this.#dim(state !== 'closed' && this.#lastPicture !== -1);
    if (state === 'retrying' || state === 'failed') this.#video.pause(); // the last picture stays
    const isWaiting = this.#foot.classList.contains('alone');
    this.#poster.classList.toggle('hidden', !isWaiting || state === 'failed');
    if (state !== 'live') this.#subtitles.clear();
    try {
      this.#internals.states.clear();
      this.#internals.states.add(state);
    } catch {
      // Browsers of before 2024 have no custom states or demand two dashes: they style by event.
    }
    this.#emit('statechange', { state, reason });
  }

  #dim(isDim) {
    for (const $picture of [this.#canvas, this.#video]) $picture.classList.toggle('dim', isDim);
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
