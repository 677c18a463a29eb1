/** The key, a bearer token, that the server wants of this page: from its address, or asked for once and kept by the tab. */

import { bearer } from './bearer.js';
import { fetchWherever } from './elsewhere.js';
import { node } from './nodes.js';

const PLACE = 'avatar-rtc-key';
let asking = null;

/** What is known; '' if nothing is. */
export function key() {
  const shown = new URLSearchParams(location.search).get('access_token');
  try {
    return shown ?? sessionStorage.getItem(PLACE) ?? '';
  } catch {
    return shown ?? ''; // a sandboxed frame has no storage
  }
}

/** As fetch, with the key; where the server wants one, the user is asked, once for the whole page. */
export async function fetchWithKey(url, options = {}) {
  const send = (token) => fetchWherever(url, { ...options, headers: { ...options.headers, ...bearer(token) } });
  const shown = key();
  const response = await send(shown);
  if (response.status !== 401 || !response.headers.get('WWW-Authenticate')?.startsWith('Bearer')) return response;
  // Another request may have brought it meanwhile.
  const given = key() === shown ? await (asking ??= ask()) : key();
  return given ? send(given) : response;
}

/** Call `use` with the key once the user has given one. */
export function onKey(use) {
  addEventListener('avatar-rtc-key', () => use(key()));
}

/** @returns {Promise<string>} what the user types; '' if nothing. */
function ask() {
  const $input = node('input', { type: 'password', autocomplete: 'off', required: true, ariaLabel: 'Key' });
  const $dialog = node('dialog', { className: 'key' }, node(
    'form', { method: 'dialog' },
    node('p', { textContent: 'This server wants a key or token.' }), $input,
    node('button', { type: 'submit', value: 'use', textContent: 'Use it' }),
  ));
  document.body.append($dialog);
  $dialog.showModal();
  return new Promise((resolve) => {
    $dialog.addEventListener('close', () => {
      const given = $dialog.returnValue === 'use' ? $input.value.trim() : ''; // Escape gives none
      $dialog.remove();
      if (given) {
        sessionStorage.setItem(PLACE, given);
        dispatchEvent(new Event('avatar-rtc-key'));
      }
      resolve(given);
    });
  });
}
