/** The server's HTTP interface, as far as the page needs it. */

import { Refusal } from './faults.js';
import { fetchWithKey } from './key.js';

const ROOT = new URL('api/v1/', import.meta.url); // not of the page: /view/main is a folder further down

/** The absolute address of a path below /api/v1/. */
export function address(path) {
  return new URL(path, ROOT).href;
}

/**
 * The JSON answer to a request.
 * @param {object|Blob} body an object goes as JSON, a Blob as what it is.
 * @throws {Error} with the server's own sentence where it refuses.
 */
export async function request(method, path, body) {
  const response = await asked(method, path, body);
  return response.status === 204 ? null : response.json();
}

/** The response to a request that was not refused; arguments and errors as those of `request`. */
export async function asked(method, path, body) {
  const isBlob = body instanceof Blob;
  const headers = body && { 'Content-Type': isBlob ? body.type : 'application/json' };
  const content = body && !isBlob ? JSON.stringify(body) : body;
  const response = await fetchWithKey(address(path), { method, headers, body: content }).catch(() => {
    throw new Error('The server cannot be reached.');
  });
  if (!response.ok) throw await Refusal.from(response);
  return response;
}

/**
 * A function that hands values to `send`, one at a time: while one is under way, only the newest waits.
 * That keeps a slider that is being dragged in step with the server, however far away it is. While its `isBusy` is
 * true, what the server tells of the value is older than what is under way.
 */
export function newest(send, onError) {
  let waiting = null;
  let isBusy = false;
  async function push(...values) {
    waiting = values;
    if (isBusy) return;
    isBusy = true;
    while (waiting) {
      const next = waiting;
      waiting = null;
      await send(...next).catch(onError);
    }
    isBusy = false;
  }
  return Object.defineProperty(push, 'isBusy', { get: () => isBusy });
}

/**
 * The same for changes `{name: value}`: of each name the newest waits, so that none is lost to another.
 * @returns {Function} whose promise is fulfilled when nothing waits any more, or something else waits for that.
 */
export function newestOfEach(send, onError) {
  let waiting = {};
  const push = newest(() => {
    const changes = waiting;
    waiting = {};
    return send(changes);
  }, onError);
  function add(changes) {
    Object.assign(waiting, changes);
    return push();
  }
  return Object.defineProperty(add, 'isBusy', { get: () => push.isBusy });
}
