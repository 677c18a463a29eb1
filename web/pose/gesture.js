/** A gesture as numbers: morph, cel or effect → keys [[seconds, value], …]. All functions are pure. */

import { limitsOf } from './face.js';

export const MOST_KEYS = 16;
export const MOST_TRACKS = 48;
export const MOST_SECONDS = 10;
const APART = 0.01; // seconds between two keys, at least
const rounded = (value) => Number(value.toFixed(3));

/** The slope at each key, per second: the law of the server's monotone cubics. */
export function slopesOf(keys) {
  return keys.map(([t, value], n) => {
    if (n === 0 || n === keys.length - 1) return 0;
    const before = t - keys[n - 1][0];
    const after = keys[n + 1][0] - t;
    const rise = (value - keys[n - 1][1]) / before;
    const next = (keys[n + 1][1] - value) / after;
    if (rise * next <= 0) return 0;
    const [a, b] = [2 * after + before, after + 2 * before];
    return (a + b) / (a / rise + b / next);
  });
}

/** The value of a track at t seconds. */
export function valueAt(keys, t) {
  const n = keys.findIndex(([begun]) => begun > t);
  if (n === 0) return keys[0][1];
  if (n === -1) return keys.at(-1)[1];
  const [[begun, from], [ends, to]] = [keys[n - 1], keys[n]];
  const slopes = slopesOf(keys);
  const width = ends - begun;
  const x = (t - begun) / width;
  const y = 1 - x;
  return from * y * y * (1 + 2 * x) + to * x * x * (1 + 2 * y) + width * x * y * (slopes[n - 1] * y - slopes[n] * x);
}

/** How long it takes, in seconds. */
export function secondsOf(tracks) {
  return Math.max(0, ...Object.values(tracks).map((keys) => keys.at(-1)[0]));
}

/** The face that it alone makes at t seconds; effects around it are no part of a face. */
export function momentOf(tracks, t, strength = 1) {
  const moved = Object.entries(tracks).filter(([name]) => !name.startsWith('fx_'));
  return Object.fromEntries(moved.map(([name, keys]) => [name, strength * valueAt(keys, t)]));
}

/** The tracks with a key moved: its neighbours and its range hold it, and both ends stay at 0. */
export function withMovedKey(tracks, name, n, [t, value]) {
  const keys = tracks[name];
  const isLast = n === keys.length - 1;
  const [least, most] = limitsOf(name);
  const from = n === 0 ? 0 : keys[n - 1][0] + APART;
  const until = n === 0 ? 0 : isLast ? MOST_SECONDS : keys[n + 1][0] - APART;
  const moved = [
    rounded(Math.min(until, Math.max(from, Number.isFinite(t) ? t : keys[n][0]))),
    n === 0 || isLast ? 0 : rounded(Math.min(most, Math.max(least, Number.isFinite(value) ? value : keys[n][1]))),
  ];
  return { ...tracks, [name]: keys.with(n, moved) };
}

/** The tracks with one more key on the way at t seconds. @returns {?[Object, number]} with its number; null where none fits. */
export function withMoreKeys(tracks, name, t) {
  const keys = tracks[name];
  const n = keys.findIndex(([begun]) => begun > t);
  if (keys.length >= MOST_KEYS || n < 1 || t - keys[n - 1][0] < APART || keys[n][0] - t < APART) return null;
  return [{ ...tracks, [name]: keys.toSpliced(n, 0, [rounded(t), rounded(valueAt(keys, t))]) }, n];
}

/** Where one more key has the most room: the middle of the widest gap. */
export function widestGap(keys) {
  const gaps = keys.slice(1).map(([t], n) => [t - keys[n][0], (t + keys[n][0]) / 2]);
  return gaps.reduce((best, gap) => (gap[0] > best[0] ? gap : best))[1];
}

/** The tracks without a key; its ends stay. */
export function withoutKey(tracks, name, n) {
  const keys = tracks[name];
  return n === 0 || n === keys.length - 1 ? tracks : { ...tracks, [name]: keys.toSpliced(n, 1) };
}

/** The tracks with another one, that goes half its way. */
export function withTrack(tracks, name) {
  const end = secondsOf(tracks) || 1;
  return { ...tracks, [name]: [[0, 0], [rounded(end / 2), rounded(limitsOf(name)[1] / 2)], [end, 0]] };
}

/** The tracks without one; the last one stays. */
export function withoutTrack(tracks, name) {
  const left = Object.entries(tracks).filter(([each]) => each !== name);
  return left.length ? Object.fromEntries(left) : tracks;
}

/** A track drawn in a box of 1000 by 100, `span` seconds wide. @returns {string} the `d` of an SVG path. */
export function pathOf(name, keys, span) {
  const [least, most] = limitsOf(name);
  const count = 160;
  const points = Array.from({ length: count + 1 }, (_, n) => {
    const value = valueAt(keys, (n / count) * span);
    return `${((n / count) * 1000).toFixed(1)} ${(100 - (100 * (value - least)) / (most - least)).toFixed(2)}`;
  });
  return `M${points.join('L')}`;
}

/**
 * The gestures of a file: {"tracks": …} or {name: {"tracks": …}, …}.
 * @throws {Error} with a sentence. @returns {Object<string, {title?: string, tracks: Object}>} name → gesture.
 */
export function gesturesIn(text, stem) {
  let content;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Error(`${stem} is no JSON: ${error.message}`);
  }
  const all = content?.tracks ? { [stem]: content } : content;
  const isOne = (each) => each?.tracks && Object.keys(each.tracks).length && Object.values(each.tracks).every((keys) => (
    Array.isArray(keys) && keys.length > 1 && keys.every((key) => Array.isArray(key) && key.length === 2 && key.every(Number.isFinite))
  ));
  if (!all || !Object.keys(all).length || !Object.values(all).every(isOne)) {
    throw new Error(`${stem} holds no gesture; wanted is {"tracks": {"head_x": [[0, 0], [0.4, -0.5], [1, 0]]}}`);
  }
  return all;
}
