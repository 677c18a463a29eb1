/**
 * What can go wrong between a page and its avatar: for good or for now, and in words that say what to do.
 *
 *   refused 401 403 405 410 415 422 …, 501 505      for good
 *   refused 404                                     for good, if it has not been live for a minute: who made it may
 *                                                   make it again after the server has come back
 *   refused 408 409 425 429, other 5xx              for now
 *   an address that leads nowhere, no WebRTC        for good
 *   an answer that is none                          for good
 *   no answer at all, a connection that broke       for now: a browser hides whether a name exists
 */

const MISSED_MS = 60_000; // of an avatar that was live and is not there any more
const FOR_NOW = [408, 409, 425, 429];
const NEVER_MENDED = [501, 505]; // of the server's own faults
const NO_ENDPOINT = [404, 405, 410, 501];
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 5_000;
const BACKOFF_SHARE = 1 / 6; // of the time it has been away: who restarts in seconds is found within one
const RETRY_AFTER_MAX_S = 60;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** The path of an endpoint of ours, which stands behind a folder of the proxy at most. */
export const OURS = /\/api\/v1\/avatars\/[^/]+\/whep$/;

/** Something that went wrong, in a sentence. */
export class Fault extends Error {
  /** @param {boolean} isFinal asking again cannot help. */
  constructor(message, isFinal = false) {
    super(message);
    this.name = 'Fault';
    this.isFinal = isFinal;
  }
}

/** A refusal of the server, with the sentence it gave. */
export class Refusal extends Error {
  /** @param {number} status HTTP status. @param {number} retryAfter seconds, 0 where the server gave none. */
  constructor(status, detail, retryAfter = 0) {
    super(detail);
    this.name = 'Refusal';
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The refusal in a fetch response that is not ok: RFC 9457 detail, else the status. */
  static async from(response) {
    const body = await response.json().catch(() => null);
    const detail = body?.detail ?? `${response.status} ${response.statusText}`.trim();
    return new Refusal(response.status, String(detail), Number(response.headers.get('Retry-After')) || 0);
  }
}

/** True where a refusal stays. @param {number} sinceLiveMs since the avatar was seen, Infinity if it never was. */
export function isForGood(status, sinceLiveMs = Infinity) {
  if (status === 404) return sinceLiveMs > MISSED_MS;
  return status < 500 ? !FOR_NOW.includes(status) : NEVER_MENDED.includes(status);
}

/**
 * What an attempt that failed means.
 * @param {Error} error a Refusal, a Fault, what fetch threw, or anything else.
 * @param {{url: URL, here: string, sinceLiveMs: number, isOffline?: boolean}} place the endpoint, the page's own origin.
 * @returns {{isFinal: boolean, reason: string}} the reason in sentences.
 */
export function judge(error, place) {
  if (error instanceof Refusal) return { isFinal: isForGood(error.status, place.sinceLiveMs), reason: refused(error, place) };
  if (error instanceof TypeError) return { isFinal: false, reason: unreachable(place) };
  return { isFinal: Boolean(error.isFinal), reason: sentence(error.message) };
}

function refused({ status, message }, { url, here }) {
  const hasReason = !message.startsWith(`${status}`);
  const said = sentence(hasReason ? message : `${url.host} answers ${message}`);
  if (status === 401 && hasReason && OURS.test(url.pathname)) return `${said} Give the element a token that counts: <avatar-rtc token="…">.`;
  if (status === 401 || status === 407) {
    const way = url.origin === here
      ? 'Sign in there, then reload this page.'
      : `A page of ${here} cannot: show ${url.origin}/view/… in an iframe, or let whoever asks for it pass this on.`;
    return `${url.host} wants a password or key (${status}). ${way}`;
  }
  if (status === 403) return `${said} Then reload this page.`;
  if (!NO_ENDPOINT.includes(status)) return said;
  const isName = hasReason && status === 404 && OURS.test(url.pathname);
  return `${said} ${isName ? `Correct the name in src: ${url.origin}/api/v1/avatars lists all there are.` : wanted(url)}`;
}

function unreachable({ url, here, sinceLiveMs, isOffline }) {
  if (isOffline) return 'This device is offline.';
  if (sinceLiveMs < Infinity) return `The server at ${url.host} cannot be reached. Start it again, and the avatar comes back by itself.`;
  const others = url.origin === here ? '' : ` If it runs, what stands before it may refuse pages of ${here}.`;
  return `The server at ${url.host} cannot be reached. Start it (avatar-rtc serve), or correct the address in src.${others}`;
}

function wanted(url) {
  return `src has to be an avatar’s address, such as ${url.origin}/api/v1/avatars/main/whep.`;
}

/** The fault of what came in the place of an SDP answer. */
export function noAnswer(url, type) {
  return new Fault(`${url.host} is no avatar server: it answers ${type || 'something else'}. ${wanted(url)}`, true);
}

/**
 * The endpoint that an address names.
 * @param {string|URL} src may be relative. @param {{base: string, protocol: string}} page its base URI and `location.protocol`.
 * @throws {Fault} it leads nowhere from this page.
 */
export function endpoint(src, { base, protocol }) {
  const url = parsed(src, base);
  const example = 'such as http://127.0.0.1:8080/api/v1/avatars/main/whep';
  if (!url) throw new Fault(`The address “${src}” in src cannot be read. Wanted is one ${example}.`, true);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Fault(`The address in src begins with ${url.protocol} and not with http. Wanted is one ${example}.`, true);
  }
  if (url.username || url.password) {
    throw new Fault('The address in src holds a name or password, which browsers do not send. Take it out.', true);
  }
  if (protocol === 'https:' && url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new Fault(`This page is on https, so browsers block ${url.origin}. The server needs https, too: put a proxy with TLS before it.`, true);
  }
  return url;
}

function parsed(src, base) {
  try {
    return new URL(src, base);
  } catch {
    return null;
  }
}

/**
 * How long to wait before the next attempt, in ms.
 * @param {number} awayMs since there was a picture. @param {number} retryAfter s that the server asked for.
 * @param {number} chance 0..1: the viewers of a server that restarts must not all come back in the same instant.
 */
export function waitMs(awayMs, retryAfter, chance) {
  const backoff = Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_MS, awayMs * BACKOFF_SHARE));
  return Math.max(backoff * (0.5 + chance / 2), Math.min(retryAfter, RETRY_AFTER_MAX_S) * 1_000 * (1 + chance / 4));
}

/** With a capital and a full stop. */
export function sentence(text) {
  const end = /[.!?…]$/.test(text) ? '' : '.';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
