/**
 * One viewer's connection to an avatar: WHEP, data channels, reconnecting.
 *
 *   closed ─connect()─► connecting ─► live ─► retrying ─► live …
 *                           └────────────────────┴─► failed   (the server refuses for good)
 *   close() leads to closed from everywhere.
 */

import { Requests } from './requests.js';
import { StatsReader } from './stats.js';

const GATHER_MS = 150; // candidates found later follow by PATCH
const CONNECT_MS = 10_000;
const DISCONNECTED_MS = 1_500; // ICE often heals itself within that time
const SILENCE_MS = 3_000; // audio alone sends 50 packets a second
const DELETE_MS = 2_000;
const STABLE_MS = 3_000; // a connection that held this long resets the back-off
const BACKOFF_MS = 300;
const BACKOFF_MAX_MS = 5_000;
const BACKLOG_BYTES = 4_096; // a cue or pose that would have to wait is worthless

/** A refusal of the server, with the sentence it gave. */
export class Refusal extends Error {
  /** @param {number} status HTTP status. @param {number} retryAfter seconds, 0 where the server gave none. */
  constructor(status, detail, retryAfter = 0) {
    super(detail);
    this.name = 'Refusal';
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** True where asking again cannot help. An avatar that is missing (404) may yet be opened. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![404, 408, 409, 425, 429].includes(this.status);
  }

  /** The refusal in a fetch response that is not ok: RFC 9457 detail, else the status. */
  static async from(response) {
    const body = await response.json().catch(() => null);
    const detail = body?.detail ?? `${response.status} ${response.statusText}`.trim();
    return new Refusal(response.status, detail, Number(response.headers.get('Retry-After')) || 0);
  }
}

/**
 * Events: `statechange` {state, reason}, `track` {stream}, `message` (what the server sends unasked), `refusal`
 * {detail} (of a cue or a pose, which get no answer).
 * Times are milliseconds.
 */
export class AvatarConnection extends EventTarget {
  #url;
  #iceServersUrl;
  #state = 'closed';
  #reason = '';
  #life = null; // AbortController of the present attempt: ends its fetches, listeners and timers
  #pc = null;
  #cues = null;
  #poses = null;
  #resource = null; // WHEP resource, to be deleted
  #tag = ''; // its ETag
  #stats = null;
  #requests = new Requests();
  #failures = 0;
  #liveSince = 0;
  #retryTimer = 0;
  #isSuspended = false; // the page lies in the back/forward cache

  /**
   * @param {string|URL} url WHEP endpoint, such as https://host/api/v1/avatars/main/whep
   * @param {{video?: 'alpha'|'matte'}} options
   */
  constructor(url, { video = 'alpha' } = {}) {
    super();
    this.#url = new URL(url, document.baseURI);
    // A WHEP server that is not ours has no such list; host candidates may do.
    const isOurs = /\/avatars\/[^/]+\/whep$/.test(this.#url.pathname);
    this.#iceServersUrl = isOurs ? new URL('../../ice-servers', this.#url) : null;
    this.#url.searchParams.set('video', video);
  }

  /** connecting | live | retrying | closed | failed */
  get state() {
    return this.#state;
  }

  /** Why the state is what it is, for people; may be empty. */
  get reason() {
    return this.#reason;
  }

  connect() {
    if (this.#life || this.#state === 'retrying') return;
    addEventListener('pagehide', this.#onPageHide);
    addEventListener('pageshow', this.#onPageShow);
    addEventListener('online', this.#onOnline);
    this.#set('connecting');
    this.#attempt();
  }

  close() {
    removeEventListener('pagehide', this.#onPageHide);
    removeEventListener('pageshow', this.#onPageShow);
    removeEventListener('online', this.#onOnline);
    this.#end('the connection was closed');
    this.#requests.end('the connection was closed');
    this.#set('closed');
  }

  /**
   * Send a control message; while not connected it waits for the channel.
   * @returns {Promise<object>} the `ok` answer; rejects with the server's detail, or after 10 s.
   */
  send(message) {
    if (this.#state === 'closed' || this.#state === 'failed') {
      return Promise.reject(new Error(`not connected: ${this.#reason || this.#state}`));
    }
    return this.#requests.send(message);
  }

  /** Send mouth shapes for now; @returns false if the cue was dropped, as a late one is of no use. */
  sendCue(t_ms, visemes) {
    return sendNow(this.#cues, { t_ms, visemes });
  }

  /** Send a pose for now; @returns false if it was dropped, as a late one is of no use. */
  sendPose(t_ms, pose) {
    return sendNow(this.#poses, { t_ms, ...pose });
  }

  /** @returns {Promise<object>} figures of the last second or so (see stats.js); null while not connected. */
  async stats() {
    return this.#stats?.read() ?? null;
  }

  // --- one attempt ---------------------------------------------------------------------------------

  async #attempt() {
    const life = new AbortController();
    this.#life = life;
    try {
      await this.#negotiate(life.signal);
    } catch (error) {
      this.#lost(life.signal, error);
    }
  }

  async #negotiate(signal) {
    const watchdog = setTimeout(() => this.#lost(signal, new Error('no route to the server')), CONNECT_MS);
    signal.addEventListener('abort', () => clearTimeout(watchdog));
    const pc = new RTCPeerConnection({ iceServers: await this.#iceServers(signal), bundlePolicy: 'max-bundle' });
    if (signal.aborted) return pc.close();
    this.#pc = pc;
    this.#stats = new StatsReader(pc);
    this.#prepare(pc, signal, watchdog);
    const late = await this.#gather(pc, signal);

    const response = await fetch(this.#url, {
      method: 'POST', body: pc.localDescription.sdp, headers: { 'Content-Type': 'application/sdp' }, signal,
    });
    if (!response.ok) throw await Refusal.from(response);
    const location = response.headers.get('Location'); // null across origins if the server does not expose it
    this.#resource = location && new URL(location, response.url).href;
    this.#tag = response.headers.get('ETag') ?? '';
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    late.forward((candidates) => this.#trickle(pc, candidates, signal));
  }

  async #iceServers(signal) {
    if (!this.#iceServersUrl) return [];
    const response = await fetch(this.#iceServersUrl, { signal });
    if (!response.ok) throw await Refusal.from(response);
    return (await response.json()).iceServers;
  }

  #prepare(pc, signal, watchdog) {
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addEventListener('track', ({ track, streams }) => {
      this.#emit('track', { stream: streams[0] ?? new MediaStream([track]) });
    }, { signal });
    const control = pc.createDataChannel('control');
    control.addEventListener('open', () => { this.#requests.channel = control; }, { signal });
    control.addEventListener('message', ({ data }) => this.#receive(data, signal), { signal });
    control.addEventListener('close', () => this.#lost(signal, new Error('the server hung up')), { signal });
    this.#cues = this.#lossy(pc, 'cues', signal);
    this.#poses = this.#lossy(pc, 'pose', signal);

    let grace = 0;
    signal.addEventListener('abort', () => clearTimeout(grace));
    pc.addEventListener('connectionstatechange', () => {
      clearTimeout(grace);
      switch (pc.connectionState) {
        case 'connected':
          clearTimeout(watchdog);
          this.#up(pc, signal);
          break;
        case 'disconnected':
          grace = setTimeout(() => this.#lost(signal, new Error('the connection broke')), DISCONNECTED_MS);
          break;
        case 'failed':
        case 'closed':
          this.#lost(signal, new Error('the connection broke'));
      }
    }, { signal });
  }

  /** A channel for what is worth nothing once there is something newer. */
  #lossy(pc, label, signal) {
    const channel = pc.createDataChannel(label, { ordered: false, maxRetransmits: 0 });
    channel.addEventListener('message', ({ data }) => this.#emit('refusal', { detail: JSON.parse(data).detail }), { signal });
    return channel;
  }

  /** Candidates for GATHER_MS; those that come later are kept, and forwarded once there is an answer. */
  async #gather(pc, signal) {
    let isOffered = false;
    let forward = null;
    let kept = [];
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (!isOffered) return;
      kept.push(candidate);
      if (forward) forward(kept.splice(0));
    }, { signal });
    const complete = new Promise((resolve) => {
      pc.addEventListener('icegatheringstatechange', () => {
        if (pc.iceGatheringState === 'complete') resolve();
      }, { signal });
    });
    await pc.setLocalDescription();
    await Promise.race([complete, new Promise((resolve) => { setTimeout(resolve, GATHER_MS); })]);
    isOffered = true;
    return { forward: (to) => { forward = to; if (kept.length) to(kept.splice(0)); } };
  }

  /** PATCH candidates to the WHEP resource (RFC 8840 fragment); null among them is the end of candidates. */
  #trickle(pc, candidates, signal) {
    if (!this.#resource) return;
    const { sdp } = pc.localDescription;
    const lines = ['ice-ufrag', 'ice-pwd'].map((name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))?.[0]);
    lines.push(sdp.match(/^m=.*$/m)[0], sdp.match(/^a=mid:.*$/m)[0]);
    lines.push(...candidates.map((found) => (found?.candidate ? `a=${found.candidate}` : 'a=end-of-candidates')));
    const headers = { 'Content-Type': 'application/trickle-ice-sdpfrag', ...(this.#tag && { 'If-Match': this.#tag }) };
    // A server without trickle refuses (405, 501): then the candidates in the offer have to do.
    fetch(this.#resource, { method: 'PATCH', headers, body: `${lines.join('\r\n')}\r\n`, signal }).catch(() => {});
  }

  #up(pc, signal) {
    if (this.#state === 'live') return;
    this.#liveSince = performance.now();
    this.#set('live');
    let bytes = -1;
    let since = performance.now();
    const watch = setInterval(async () => {
      const received = await StatsReader.bytesReceived(pc);
      if (received !== bytes) [bytes, since] = [received, performance.now()];
      else if (performance.now() - since > SILENCE_MS) this.#lost(signal, new Error('nothing came any more'));
    }, 1_000);
    signal.addEventListener('abort', () => clearInterval(watch));
  }

  /** The attempt of this signal is over; called again for the same one it does nothing. */
  #lost(signal, error) {
    if (signal.aborted) return;
    const wasStable = this.#state === 'live' && performance.now() - this.#liveSince > STABLE_MS;
    this.#failures = wasStable ? 0 : this.#failures + 1;
    this.#end(error.message);
    if (error instanceof Refusal && error.isFinal) {
      this.#requests.end(error.message);
      this.#set('failed', error.message);
      return;
    }
    this.#set('retrying', error instanceof TypeError ? 'the server cannot be reached' : error.message);
    const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(this.#failures, 10));
    const wait = Math.max(backoff, (error.retryAfter ?? 0) * 1_000);
    // Jitter: the viewers of a server that restarts must not all come back in the same instant.
    this.#retryTimer = setTimeout(() => this.#attempt(), wait * (0.5 + Math.random() / 2));
  }

  #end(reason) {
    clearTimeout(this.#retryTimer);
    this.#life?.abort();
    leave(this.#pc, this.#resource);
    this.#life = this.#pc = this.#cues = this.#poses = this.#resource = this.#stats = null;
    this.#requests.lose(reason);
  }

  #onPageHide = () => {
    this.#isSuspended = true;
    this.#end('the page was left');
    this.#set('closed');
  };

  #onPageShow = () => {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.connect();
  };

  #onOnline = () => {
    if (this.#state !== 'retrying' || this.#life) return;
    clearTimeout(this.#retryTimer);
    this.#attempt();
  };

  // --- telling -------------------------------------------------------------------------------------

  #receive(data, signal) {
    const message = JSON.parse(data);
    if (!this.#requests.settle(message)) this.#emit('message', message);
    if (message.type === 'closing') this.#lost(signal, new Error('the server is closing'));
  }

  #set(state, reason = '') {
    if (state === this.#state && reason === this.#reason) return;
    this.#state = state;
    this.#reason = reason;
    this.#emit('statechange', { state, reason });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @returns whether it was sent: the channel is open, and nothing waits in it. */
function sendNow(channel, message) {
  const isReady = channel?.readyState === 'open' && channel.bufferedAmount < BACKLOG_BYTES;
  if (isReady) channel.send(JSON.stringify(message));
  return isReady;
}

/** Delete the WHEP resource, then close: the server would forget it on the closing, and answer 404. */
async function leave(pc, resource) {
  // keepalive: the request outlives the page. If it gets lost, the server notices by itself within seconds.
  const options = { method: 'DELETE', keepalive: true, signal: AbortSignal.timeout(DELETE_MS) };
  if (resource) await fetch(resource, options).catch(() => {});
  pc?.close();
}
