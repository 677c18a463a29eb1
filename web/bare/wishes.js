/** What the query of /view/{avatar} asks for: read, checked, and done. */

import { fetchWithKey } from '../key.js';

const CHOICES = { fit: ['contain', 'cover', 'fill'], layout: ['alpha', 'matte'] };
const TALKS = { '': 'listen', 1: 'listen', listen: 'listen', speak: 'speak', 0: null };
const COLOUR = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;
const SIZES = { low: 64, high: 4_096 }; // px
const MAY_NOT = 'This link may watch the avatar, not change it:';

/**
 * @param {URLSearchParams} query @param {(text: string) => void} tell what is wrong in it; the rest counts.
 * @returns {object} {muted, subtitles, microphone, meeting: boolean, talk, fit, layout, framing, headroom, badge, character, backdrop, preset: ?string,
 *   size: ?number in px, emotion: ?Object<string, number>}
 */
export function wishesOf(query, tell) {
  const isAsked = (name) => query.has(name) && query.get(name) !== '0';
  const wishes = { muted: isAsked('muted'), subtitles: isAsked('subtitles'), microphone: isAsked('microphone') };
  wishes.meeting = isAsked('meeting');
  for (const name of ['framing', 'headroom', 'badge', 'character', 'backdrop', 'preset']) wishes[name] = query.get(name);
  for (const [name, choices] of Object.entries(CHOICES)) {
    const wish = query.get(name);
    wishes[name] = choices.includes(wish) ? wish : null;
    if (wish !== null && !wishes[name]) tell(`${name} is “${wish}”, but must be ${choices.join(' or ')}.`);
  }
  wishes.talk = TALKS[query.get('talk') ?? 0] ?? null;
  if (query.has('talk') && !(query.get('talk') in TALKS)) tell(`talk is “${query.get('talk')}”, but must be listen or speak.`);
  wishes.size = sizeOf(query.get('size'), tell);
  wishes.emotion = emotionOf(query.get('emotion'), tell);
  return wishes;
}

function sizeOf(text, tell) {
  if (text === null) return null;
  const size = Number(text);
  if (size >= SIZES.low && size <= SIZES.high) return size;
  tell(`size is “${text}”, but must be ${SIZES.low} to ${SIZES.high}, in px of the page.`);
  return null;
}

/** `joy`, `joy:0.6` or `joy:0.6,surprise:0.4`. */
function emotionOf(text, tell) {
  if (!text) return null;
  const weights = {};
  for (const part of text.split(',')) {
    const [name, weight = '1'] = part.split(':');
    if (!(Number(weight) >= 0 && Number(weight) <= 1)) {
      tell(`emotion is “${text}”, but must be names, each with a weight from 0 to 1: joy:0.6,surprise:0.4`);
      return null;
    }
    weights[name.trim()] = Number(weight);
  }
  return weights;
}

/**
 * Do what is asked, as far as it is allowed. What cannot be is told, and the avatar is shown all the same.
 * @param {HTMLElement} $avatar an <avatar-rtc> without a src. @param {object} wishes of `wishesOf`.
 * @param {{api: string, avatar: string, tell: (text: string) => void}} place
 * @returns {Promise} fulfilled when it may connect.
 */
export async function applyWishes($avatar, wishes, { api, avatar, tell }) {
  $avatar.muted = wishes.muted;
  $avatar.subtitles = wishes.subtitles;
  $avatar.fit = wishes.fit ?? 'contain';
  for (const name of ['layout', 'framing', 'headroom', 'badge', 'talk']) {
    if (wishes[name] !== null) $avatar.setAttribute(name, wishes[name]);
  }
  $avatar.addEventListener('refusal', ({ detail }) => tell(detail.detail));
  $avatar.addEventListener('microphonechange', ({ detail }) => { if (detail.reason && wishes.microphone) tell(detail.reason); });
  if (wishes.size) document.body.style.setProperty('--size', `${wishes.size}px`);
  if (wishes.emotion) once($avatar, () => $avatar.setEmotion(wishes.emotion).catch(({ message }) => tell(`${MAY_NOT} ${message}`)));
  if (wishes.preset) once($avatar, () => showPreset($avatar, wishes.preset, { api }).catch(({ message }) => tell(`${MAY_NOT} ${message}`)));
  await Promise.all([
    wishes.character && showCharacter(wishes.character, { api, avatar, tell }),
    wishes.backdrop && showBehind(wishes.backdrop, { api, tell }),
    wishes.microphone && $avatar.setMicrophone('speak').catch(({ message }) => tell(message)),
  ]);
}

function once($avatar, act) {
  $avatar.addEventListener('avatarstate', act, { once: true });
}

async function showCharacter(character, { api, avatar, tell }) {
  const headers = { 'Content-Type': 'application/json' };
  const url = `${api}avatars/${avatar}`;
  // A page that is loaded again must not begin a character anew that is shown already.
  const state = await answer(await fetchWithKey(url).catch(() => null));
  if (state.character === character) return;
  const body = JSON.stringify({ character });
  const { detail, status } = await answer(await fetchWithKey(url, { method: 'PATCH', headers, body }).catch(() => null));
  if (detail && status >= 400) tell(status === 403 ? `${MAY_NOT} ${detail}` : detail);
}

async function showPreset($avatar, preset, { api }) {
  const { presets = {}, detail } = await answer(await fetchWithKey(`${api}presets`).catch(() => null));
  const chain = presets[preset]?.chain;
  if (!chain) throw new Error(detail ?? `there is no preset “${preset}”; there are ${Object.keys(presets).join(', ')}.`);
  await $avatar.setChain(chain);
}

/** Of this page alone: a colour, or a picture by its name. */
async function showBehind(backdrop, { api, tell }) {
  const show = (value) => document.body.style.setProperty('--behind', value);
  if (backdrop === 'none') return;
  if (COLOUR.test(backdrop)) {
    const colour = `#${backdrop.replace('#', '')}`;
    show(`linear-gradient(${colour}, ${colour})`);
    return;
  }
  const { backdrops = [], detail } = await answer(await fetchWithKey(`${api}backdrops`).catch(() => null));
  const found = backdrops.find(({ name }) => name === backdrop);
  const names = backdrops.map(({ name }) => name).join(', ');
  if (found) show(`url("${new URL(`../..${found.url}`, new URL(api, location.href)).href}")`);
  else tell(detail ?? `There is no backdrop “${backdrop}”; there are ${names}; or a colour as #203040, or none.`);
}

async function answer(response) {
  return response?.json().catch(() => ({})) ?? {};
}
