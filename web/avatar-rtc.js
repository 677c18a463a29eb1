/**
 * <avatar-rtc src="https://host/api/v1/avatars/main/whep" subtitles>: a live avatar, transparent over any page.
 *
 * Load it from the server that runs the avatar: <script type="module" src="https://host/avatar-rtc.js"></script>.
 * Content between the tags is shown until the first frame, or until it is clear that there will be none. What is wrong
 * then stands in the element, and the last picture stays, dimmed. Browsers refuse sound before the user has touched the
 * page: the element then falls silent, fires `volumechange`, and shows a button that turns the sound on. With
 * `muted` it is silent from the start and shows none.
 */

import { AlphaBitmap } from './alpha_bitmap.js';
import { AlphaCanvas } from './alpha_canvas.js';
import { STYLE } from './avatar_style.js';
import { AvatarCommands } from './commands.js';
import { AvatarConnection } from './connection.js';
import { Pictures } from './pictures.js';
import { Subtitles } from './subtitles.js';
import { Talk } from './talk.js';

export { AvatarConnection };

const RESTORE_MS = 4_000; // a WebGL context that is not given back by then is given up
const RENDERERS = { webgl: AlphaCanvas, '2d': AlphaBitmap }; // the first that works; else the video itself is shown

/**
 * Attributes: `src`, `token` (for a server that wants one), `muted`, `subtitles`, `fit` (contain | cover | fill), `framing`
 * (face | bust | whole), `headroom` (0..1), `badge` (auto | always | none), `layout` (matte: never transparent), `talk` (listen |
 * speak: a button for the viewer's microphone, where the token may).
 * Events: `statechange` {state, reason}, `avatarstate` (the server's state message), `speech`, `gesture`, `hearing` (each of the
 * server's `speech.*`, `gesture.*`, `hearing.*` messages), `act` (those of a speech that are acted), `microphonechange` {mode,
 * reason}, `refusal` {detail} (why a cue, a pose or a framing was not taken), `frame` (video frame metadata, after drawing),
 * `volumechange`.
 * What it can be told to do is in commands.js.
 * CSS: parts `canvas`, `video`, `disclosure`, and at the foot of the picture `foot` with `badge`, `subtitles`, `word`
 * in them, `sound` and `talk` (the buttons); custom properties in avatar_style.js; `:state(live)` and the other states, and
 * `:state(speaking)`, `:state(listening)`, `:state(thinking)`. The slot `disclosure` takes other words for "AI-generated".
 */
export class AvatarRtcElement extends AvatarCommands {
  static observedAttributes = ['src', 'token', 'muted', 'subtitles', 'fit', 'framing', 'headroom', 'badge', 'layout', 'talk'];

  #connection = null;
  #kinds = Object.keys(RENDERERS); // that have not failed
  #renderer = null;
  #avatarState = null;
  #speeches = new Set(); // ids of what is being said
  #lostSince = 0;
  #isSilenced = false; // by the browser
  #wasMuted = false;
  #talk = new Talk((mode, reason) => this.#emit('microphonechange', { mode, reason }));
  #talkButton = null;
  #internals = this.attachInternals();
  #root = this.attachShadow({ mode: 'open' });
  #canvas = element('canvas', { part: 'canvas', className: 'hidden' });
  #video = element('video', { part: 'video', className: 'hidden', playsInline: true, autoplay: true });
  #pictures = new Pictures(this.#video, () => this.state === 'live', (metadata) => this.#onFrame(metadata));
  #poster = element('slot', { className: 'poster' });
  #sound = element('button', { part: 'sound', className: 'sound hidden', type: 'button', textContent: 'Tap for sound' });
  #caption = element('div', { part: 'subtitles', className: 'subtitles', dir: 'auto' });
  #badge = element('div', { part: 'badge', className: 'badge' });
  #foot = element('div', { part: 'foot', className: 'foot alone' });
  #label = element('div', { className: 'label hidden' });
  #subtitles = new Subtitles(this.#caption);

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
    const $disclosure = element('div', { part: 'disclosure', className: 'disclosure', dir: 'auto' });
    $disclosure.setAttribute('role', 'note');
    $disclosure.append(element('slot', { name: 'disclosure', textContent: 'AI-generated' }));
    this.#label.append($disclosure);
    this.#badge.setAttribute('role', 'status');
    this.#foot.append(this.#badge, this.#caption, this.#sound); // the button lowest, where nothing moves it
    this.#root.append(this.#canvas, this.#video, this.#poster, this.#foot, this.#label); // nothing covers the label
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

  /** auto (the label "AI-generated" where the server wants it) | always | none (the page says it itself) */
  get badge() { return this.getAttribute('badge') ?? 'auto'; }
  set badge(value) { this.setAttribute('badge', value); }

  /** 0..1; `muted` is kept apart from it. @throws {DOMException} beyond. */
  get volume() { return this.#video.volume; }
  set volume(value) {
    if (value === this.#video.volume) return;
    this.#video.volume = value;
    this.#emit('volumechange');
  }

  /** The AvatarConnection, null while the element is in no document or has no src. */
  get connection() { return this.#connection; }

  /** connecting | live | retrying | closed | failed */
  get state() { return this.#connection?.state ?? 'closed'; }

  /** The avatar's state as it was told last, null until then. */
  get avatarState() { return this.#avatarState; }

  /** Whether something is being said. */
  get speaking() { return this.#speeches.size > 0; }

  /** webgl | 2d (pixel by pixel, where WebGL is missing) | video (shown as it comes, where both are) */
  get renderer() { return (this.layout === 'alpha' && this.#kinds[0]) || 'video'; }

  /** alpha (transparent canvas) | matte (plain video on a backdrop): where nothing can draw, or the attribute asks for it */
  get layout() { return this.#kinds.length && this.getAttribute('layout') !== 'matte' ? 'alpha' : 'matte'; }
  set layout(value) { this.setAttribute('layout', value); }

  /** speaking | listening | thinking | idle: what it is doing. */
  get activity() { return this.speaking ? 'speaking' : this.#avatarState?.activity ?? 'idle'; }

  /** '' shows no button for the microphone; listen | speak: what the button begins. */
  get talk() { return this.hasAttribute('talk') ? this.getAttribute('talk') || 'listen' : ''; }
  set talk(value) {
    if (value) this.setAttribute('talk', value);
    else this.removeAttribute('talk');
  }

  /** Whether the server lets this viewer talk: known once it is live. */
  get canTalk() { return this.#connection?.canTalk ?? false; }

  /** The MediaStream of the viewer's voice, null if none goes out; one that is set here the avatar says. */
  get microphone() { return this.#talk.stream; }
  set microphone(stream) {
    const done = stream ? this.setMicrophone('speak', { stream }) : this.setMicrophone('off');
    done.catch(({ message }) => this.#emit('microphonechange', { mode: 'off', reason: message }));
  }

  /** listen | speak | off: what becomes of the viewer's voice. */
  get microphoneMode() { return this.#talk.mode; }

  /** How loud the microphone is that `setMicrophone` opened, in dB of full scale; null without one. */
  get microphoneDb() { return this.#talk.levelDb; }

  /**
   * Open the viewer's microphone, or close it. The avatar listens to it, or says what it hears.
   * @param {'listen'|'speak'|'off'} mode
   * @param {{device?: string, stream?: ?MediaStream}} from the id of a device, '' is the browser's choice; or a stream of one's own.
   * @returns {Promise<string>} the mode; a server of before can only `speak`. Rejects with a sentence that says what to do.
   */
  setMicrophone(mode, from = {}) { return this.#talk.set(mode, from); }

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
    this.#pictures.stop();
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
    if (before === value) return;
    if (name === 'badge') this.#disclose();
    else if (name === 'talk') this.#offerTalk();
    else if (name === 'framing' || name === 'headroom') {
      if (this.state === 'live') this.#frame();
    } else if (name === 'token' && this.state === 'live') this.#renew();
    else if (['src', 'token', 'layout'].includes(name) && this.isConnected) this.#open();
  }

  async #renew() {
    const connection = this.#connection;
    if (!await connection.renew(this.token) && this.#connection === connection) this.#open();
  }

  #open() {
    this.#talk.attach(null); // what is talked goes on by the next one
    this.close();
    if (!this.src) return;
    this.#chooseRenderer();
    const connection = new AvatarConnection(this.src, { video: this.layout, token: this.token });
    this.#connection = connection;
    let isFramed = false; // once for each connection: whoever chooses another framing later keeps it
    connection.addEventListener('track', ({ detail }) => this.#play(detail.stream));
    connection.addEventListener('statechange', ({ detail }) => this.#show(detail));
    connection.addEventListener('message', ({ detail }) => {
      if (detail.type === 'state') this.#know(detail);
      if (detail.type === 'state' && !isFramed) {
        isFramed = true;
        if (this.framing || this.headroom) this.#frame();
      }
      this.#relay(detail);
    });
    connection.addEventListener('refusal', ({ detail }) => this.#emit('refusal', detail));
    this.#talk.attach(connection);
    connection.connect();
  }

  /** What the server tells of what is heard and seen now. */
  #relay(event) {
    const [of] = event.type?.split('.') ?? [];
    if (of === 'speech') this.#tell(event);
    else if (of === 'gesture') this.#emit('gesture', event);
    else if (of === 'hearing') this.#emit('hearing', event);
    if (event.act) this.#emit('act', event);
  }

  async #offerTalk() {
    if (this.talk && !this.#talkButton) {
      const { TalkButton } = await import('./talk_button.js');
      this.#talkButton ??= new TalkButton(this, this.#foot);
    }
    this.#talkButton?.show();
  }

  /** Ask for the framing of the attributes. */
  #frame() {
    const headroom = this.headroom === '' ? null : Number(this.headroom);
    this.setFraming(this.framing || null, { headroom }).catch(({ message }) => this.#emit('refusal', { detail: message }));
  }

  #chooseRenderer() {
    while (!this.#renderer && this.layout === 'alpha') {
      try {
        this.#renderer = new RENDERERS[this.renderer](this.#canvas);
      } catch {
        this.#dropRenderer();
      }
    }
    this.#canvas.classList.toggle('hidden', this.layout === 'matte');
    this.#video.classList.toggle('hidden', this.layout === 'alpha');
  }

  /** The next kind draws on a canvas of its own: one that had WebGL once has nothing else. */
  #dropRenderer() {
    this.#renderer?.close();
    this.#renderer = null;
    this.#kinds.shift();
    const $fresh = element('canvas', { part: 'canvas', className: this.#canvas.className });
    this.#canvas.replaceWith($fresh);
    this.#canvas = $fresh;
  }

  #know(state) {
    this.#avatarState = state;
    this.#disclose();
    this.#tellStates();
    this.#emit('avatarstate', state);
  }

  #disclose() {
    const isAsked = this.badge === 'always' || (this.badge !== 'none' && this.#avatarState?.disclosure === true);
    this.#label.classList.toggle('hidden', !isAsked);
  }

  #tell(event) {
    if (event.type === 'speech.started') this.#speeches.add(event.speech_id);
    if (event.type === 'speech.finished') this.#speeches.delete(event.speech_id);
    this.#tellStates();
    this.#subtitles.follow(event);
    this.#emit('speech', event);
  }

  #play(stream) {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    this.#pictures.start();
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

  #onFrame(metadata) {
    if (this.#renderer && !this.#renderer.draw(this.#video, this.fit)) {
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
    this.#lostSince = 0;
    const { layout } = this;
    this.#dropRenderer();
    this.#chooseRenderer();
    if (this.layout !== layout) this.#open(); // another video is needed
  }

  #show({ state, reason }) {
    const again = this.#connection.hasBeenLive ? 'reconnecting' : 'connecting';
    const texts = { connecting: 'connecting…', retrying: `${again}… ${reason}`, failed: reason };
    this.#badge.setAttribute('aria-live', state === 'failed' ? 'assertive' : 'polite');
    this.#badge.classList.toggle('failed', state === 'failed');
    this.#badge.textContent = texts[state] ?? '';
    // There is a picture to dim once one was drawn; the first of a new stream is what ends it.
    if (state !== 'live') this.#dim(state !== 'closed' && this.#pictures.hasBegun);
    if (state === 'retrying' || state === 'failed') this.#video.pause(); // the last picture stays
    const isWaiting = this.#foot.classList.contains('alone');
    this.#poster.classList.toggle('hidden', !isWaiting || state === 'failed');
    if (state !== 'live') {
      this.#subtitles.clear();
      this.#speeches.clear();
    }
    this.#tellStates();
    this.#emit('statechange', { state, reason });
  }

  #tellStates() {
    try {
      this.#internals.states.clear();
      this.#internals.states.add(this.state);
      if (this.activity !== 'idle') this.#internals.states.add(this.activity);
    } catch {
      // Browsers of before 2024 have no custom states or demand two dashes: they style by event.
    }
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

// A server that renders pages may import this, too: it has no elements.
const elements = globalThis.customElements;
if (elements && !elements.get('avatar-rtc')) elements.define('avatar-rtc', AvatarRtcElement);
