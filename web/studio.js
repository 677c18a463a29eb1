/** What every page of the studio has: one avatar, the bar with its state and the ways to the other pages, and telling. */

import { key, onKey } from './key.js';

const WORDS = { retrying: 'reconnecting', starting: 'model is loading' };

const $ = (id) => document.getElementById(id);

/**
 * Wire a page that has the elements avatar, state, character, alert and status. Its address may name the avatar:
 * `?avatar=guide`; the ways to the other pages keep it.
 * @returns {{$avatar: HTMLElement, id: string, path: string, announce: Function, complain: Function}} `path` is the
 *   avatar's, below /api/v1/; `announce(text)` tells a screen reader; `complain(error)` tells everybody.
 */
export function openStudio() {
  const id = new URLSearchParams(location.search).get('avatar') ?? 'main';
  const path = `avatars/${encodeURIComponent(id)}`;
  const $avatar = $('avatar');
  leadOn(id);
  const show = pill();
  $avatar.addEventListener('statechange', ({ detail }) => show(detail.state, detail.reason));
  $avatar.addEventListener('avatarstate', ({ detail }) => {
    show(detail.state === 'live' && detail.paused ? 'paused' : detail.state, detail.detail);
    $('character').textContent = detail.character;
  });
  $('alert').lastElementChild.addEventListener('click', () => { $('alert').hidden = true; });
  onKey((given) => { $avatar.token = given; });
  if (key()) $avatar.token = key();
  $avatar.src = new URL(`api/v1/${path}/whep`, document.baseURI).href;
  return { $avatar, id, path, announce, complain };
}

/** Say something to those who use a screen reader. */
function announce(text) {
  $('status').textContent = text;
}

/** Show what went wrong, until it is dismissed. @param {Error} error */
function complain(error) {
  $('alert').firstElementChild.textContent = error.message;
  $('alert').hidden = false;
}

/** The ways to the other pages keep the avatar; the present one is marked. */
function leadOn(id) {
  for (const $link of document.querySelectorAll('.pages a')) {
    const target = new URL($link.href);
    if (target.pathname === location.pathname) $link.setAttribute('aria-current', 'page');
    if (id === 'main') continue;
    target.searchParams.set('avatar', id);
    $link.href = target.href;
  }
}

/** @returns {(state: string, reason?: string) => void} shows the connection's state; while that is live, the avatar's. */
function pill() {
  const $state = $('state');
  return (state, reason = '') => {
    if (state !== $state.dataset.state && (state === 'live' || state in WORDS)) announce(WORDS[state] ?? state);
    $state.textContent = WORDS[state] ?? state;
    $state.dataset.state = state;
    $state.title = reason;
  };
}
