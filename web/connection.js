/**
 * One viewer's connection to an avatar: WHEP, data channels, reconnecting.
 *
 *   closed ─connect()─► connecting ─► live ─► retrying ─► live …
 *                           └────────────────────┴─► failed   (for good: faults.js says what is)
 *   close() leads to closed from everywhere.
 */

import { bearer } from './bearer.js';
import { Candidates } from './candidates.js';
import { fetchWherever } from './elsewhere.js';
import { Fault, OURS, Refusal, endpoint, judge, noAnswer, waitMs } from './faults.js';
import { MicrophoneLine } from './microphone_line.js';
import { Patience } from './patience.js';
import { Requests } from './requests.js';
import { StatsReader } from './stats.js';

const CONNECT_MS = 10_000;
const DISCONNECTED_MS = 1_500; // ICE often heals itself within that time
const SILENCE_MS = 3_000; // audio alone sends 50 packets a second
const DELETE_MS = 2_000;
const STABLE_MS = 3_000; // one that held not so long was no return
const BACKLOG_BYTES = 4_096; // a cue or pose that would have to wait is worthless

/**
 * Events: `statechange` {state, reason}, `track` {stream}, `message` (what the server sends unasked), `refusal`
 * {detail} (of a cue or a pose, which get no answer), `microphone` {mode, reason} (when the sound is off without being told so, or
 * is spoken where it was to be listened to).
 * Times are milliseconds.
 */
export class AvatarConnection extends EventTarget {
  #src;
  #video;
  #line; // of the viewer's own sound
  #shown; // the headers that show the token
  #url = null; // of the endpoint, known when it connects
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
  #awaySince = 0; // when a picture that had held was lost, or was asked for first
  #liveSince = 0;
  #lastLive = -Infinity; // when it ceased to be
  #isForbidden = false; // by the page's own Content-Security-Policy
  #retryTimer = 0;
  #isSuspended = false; // the page lies in the back/forward cache

  /**
   * @param {string|URL} url WHEP endpoint, such as https://host/api/v1/avatars/main/whep
   * @param {{video?: 'alpha'|'matte', token?: string, microphone?: ?MediaStream}} options the bearer token, for a server that
   *   wants one; a sound that the avatar is to say from the start
   */
  constructor(url, { video = 'alpha', token = '', microphone = null } = {}) {
    super();
    this.#line = new MicrophoneLine(
      { send: (message) => this.send(message), reconnect: () => this.#again() },
      microphone?.getAudioTracks()[0] ?? null,
    );
    this.#src = url;
    this.#video = video;
    this.#shown = bearer(token);
  }

  /** connecting | live | retrying | closed | failed */
  get state() {
    return this.#state;
  }

  /** Why the state is what it is, for people; may be empty. */
  get reason() {
    return this.#reason;
  }

  /** Whether there was a picture once: who comes back is told other words than who comes. */
  get hasBeenLive() {
    return this.#lastLive > -Infinity || this.#state === 'live';
  }

  connect() {
    if (this.#life || this.#state === 'retrying') return;
    this.#isForbidden = false;
    this.#listen(true);
    this.#set('connecting');
    this.#awaySince = performance.now();
    this.#attempt();
  }

  close() {
    this.#listen(false);
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

  /**
   * Show another token: the server lets the connection go on as long as that one counts.
   * @returns {Promise<boolean>} false if it does not, or knows no such thing; whoever connects anew shows the other token.
   */
  async renew(token) {
    this.#shown = bearer(token);
    if (!this.#resource) return false;
    const response = await fetch(this.#resource, { method: 'PATCH', headers: this.#shown, signal: this.#life.signal }).catch(() => null);
    return Boolean(response?.ok);
  }

  /** Send mouth shapes for now; @returns false if the cue was dropped, as a late one is of no use. */
  sendCue(t_ms, visemes) {
    return sendNow(this.#cues, { t_ms, visemes });
  }

  /** Send a pose for now; @returns false if it was dropped, as a late one is of no use. */
  sendPose(t_ms, pose) {
    return sendNow(this.#poses, { t_ms, ...pose });
  }

  /** Whether the server lets this viewer send its own sound; false until it has answered. */
  get canTalk() {
    return this.#line.isTaken;
  }

  /**
   * Send one's own sound, or no more: without a new connection, unless the server is an older one.
   * @param {'speak'|'listen'|'off'} mode the avatar says it, or listens to it. @param {?MediaStreamTrack} track
   * @returns {Promise<string>} the mode; an older server can only `speak`. Rejects with the server's sentence.
   */
  setMicrophone(mode, track = null) {
    return this.#line.set(mode, track);
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
    this.#url = endpoint(this.#src, { base: document.baseURI, protocol: location.protocol });
    this.#url.searchParams.set('video', this.#video);
    if (this.#line.isOffered) this.#url.searchParams.set('microphone', 'true');
    if (!globalThis.RTCPeerConnection) throw new Fault('this browser has no WebRTC, or keeps it from pages', true);
    const watchdog = setTimeout(() => this.#lost(signal, this.#late()), CONNECT_MS);
    signal.addEventListener('abort', () => clearTimeout(watchdog));
    const pc = new RTCPeerConnection({ iceServers: await this.#iceServers(signal), bundlePolicy: 'max-bundle' });
    if (signal.aborted) return pc.close();
    this.#pc = pc;
    this.#stats = new StatsReader(pc);
    this.#prepare(pc, signal, watchdog);
    const candidates = new Candidates(pc, signal);
    await candidates.gather();

    const response = await fetchWherever(this.#url, {
      method: 'POST', body: pc.localDescription.sdp, headers: { 'Content-Type': 'application/sdp', ...this.#shown }, signal,
    });
    if (!response.ok) throw await Refusal.from(response);
    const resource = response.headers.get('Location'); // null across origins if the server does not expose it
    this.#resource = resource && new URL(resource, response.url).href;
    this.#tag = response.headers.get('ETag') ?? '';
    const sdp = await response.text();
    if (!sdp.startsWith('v=0')) throw noAnswer(this.#url, response.headers.get('Content-Type'));
    if (signal.aborted) return;
    await pc.setRemoteDescription({ type: 'answer', sdp }).catch(({ message }) => {
      throw new Fault(`the answer of ${this.#url.host} cannot be used: ${message}`, true);
    });
    if (this.#resource) candidates.forward(this.#resource, { tag: this.#tag, headers: this.#shown });
  }

  async #iceServers(signal) {
    // A WHEP server that is not ours has no such list; host candidates may do.
    if (!OURS.test(this.#url.pathname)) return [];
    const response = await fetch(new URL('../../ice-servers', this.#url), { headers: this.#shown, signal });
    if (response.ok) return (await response.json().catch(() => null))?.iceServers ?? [];
    const refusal = await Refusal.from(response);
    if (refusal.status === 404) return []; // what is wrong, the endpoint itself has to say
    throw refusal;
  }

  #late() {
    const { host } = this.#url;
    return new Fault(this.#pc?.remoteDescription
      ? `${host} answers, but no picture comes through: UDP is blocked on the way. Its operator can let it in, or set up TURN`
      : `${host} does not answer within ${CONNECT_MS / 1_000} s`);
  }

  #prepare(pc, signal, watchdog) {
    pc.addTransceiver('video', { direction: 'recvonly' });
    this.#line.offer(pc, OURS.test(this.#url.pathname));
    pc.addEventListener('track', ({ track, streams }) => {
      this.#emit('track', { stream: streams[0] ?? new MediaStream([track]) });
    }, { signal });
    const control = pc.createDataChannel('control');
    control.addEventListener('open', () => {
      this.#requests.channel = control;
      this.#line.resume().catch(({ message }) => this.#emit('microphone', { mode: 'off', reason: message }));
    }, { signal });
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

  #up(pc, signal) {
    if (this.#state === 'live') return;
    this.#liveSince = performance.now();
    this.#set('live');
    let bytes = -1;
    let since = performance.now();
    const patience = new Patience(pc.getReceivers());
    const watch = setInterval(async () => {
      const reports = await pc.getStats();
      patience.look(reports);
      const received = StatsReader.bytesReceived(reports);
      if (received !== bytes) [bytes, since] = [received, performance.now()];
      else if (performance.now() - since > SILENCE_MS) this.#lost(signal, new Error('nothing came any more'));
    }, 1_000);
    signal.addEventListener('abort', () => clearInterval(watch));
  }

  /** The attempt of this signal is over; called again for the same one it does nothing. */
  #lost(signal, error) {
    if (signal.aborted) return;
    const wasStable = this.#state === 'live' && performance.now() - this.#liveSince > STABLE_MS;
    const now = performance.now();
    if (wasStable) this.#awaySince = now;
    if (this.#state === 'live') this.#lastLive = now;
    this.#end(error.message);
    const place = { url: this.#url, here: location.origin, sinceLiveMs: now - this.#lastLive, isOffline: !navigator.onLine };
    if (error.status === 403 && this.#line.isOffered) {
      this.#line.drop(); // the picture goes on without it
      this.#emit('microphone', { mode: 'off', reason: error.message });
      this.#attempt();
      return;
    }
    const { isFinal, reason } = this.#isForbidden ? this.#forbidden() : judge(error, place);
    if (isFinal) {
      this.#listen(false);
      this.#requests.end(reason);
      this.#set('failed', reason);
      return;
    }
    this.#set('retrying', reason);
    this.#retryTimer = setTimeout(() => this.#attempt(), waitMs(now - this.#awaySince, error.retryAfter ?? 0, Math.random()));
  }

  /** A new connection at once, which offers something else. */
  #again() {
    if (!this.#life) return;
    this.#end('the connection is made anew');
    this.#set('connecting');
    this.#awaySince = performance.now();
    this.#attempt();
  }

  #forbidden() {
    const { origin } = this.#url;
    return { isFinal: true, reason: `This page’s Content-Security-Policy forbids ${origin}. Add it to connect-src.` };
  }

  #end(reason) {
    clearTimeout(this.#retryTimer);
    this.#life?.abort();
    leave(this.#pc, this.#resource, this.#shown);
    this.#life = this.#pc = this.#cues = this.#poses = this.#resource = this.#stats = null;
    this.#requests.lose(reason);
    this.#line.lose();
  }

  #listen(on) {
    const change = on ? 'addEventListener' : 'removeEventListener';
    window[change]('pagehide', this.#onPageHide);
    window[change]('pageshow', this.#onPageShow);
    window[change]('online', this.#onOnline);
    document[change]('visibilitychange', this.#onVisible);
    document[change]('securitypolicyviolation', this.#onViolation);
  }

  // To fetch it looks like a server that is away.
  #onViolation = ({ disposition, effectiveDirective, blockedURI }) => {
    this.#isForbidden ||= disposition === 'enforce' && effectiveDirective === 'connect-src' && blockedURI.startsWith(this.#url?.origin);
  };

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

  // Timers of a page that nobody sees run once a minute.
  #onVisible = () => {
    if (document.visibilityState === 'visible') this.#onOnline();
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
    if (message.type === 'closing') this.#lost(signal, new Error(message.reason ?? 'the server is closing'));
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
async function leave(pc, resource, headers) {
  // keepalive: the request outlives the page. If it gets lost, the server notices by itself within seconds.
  const options = { method: 'DELETE', headers, keepalive: true, signal: AbortSignal.timeout(DELETE_MS) };
  if (resource) await fetch(resource, options).catch(() => {});
  pc?.close();
}
