/** A face as numbers: morph or cel → value, what is 0 left out. All functions are pure. */

import { CELS, MORPHS } from '../morphs.js';

const DECLARED = [...Object.values(MORPHS), ...Object.values(CELS)].flat();
const LIMITS = new Map(DECLARED.map(({ name, minimum, maximum }) => [name, [minimum, maximum]]));
const IS_CEL = new Set(Object.values(CELS).flat().map(({ name }) => name));
const TURNED_ROUND = new Set(['iris_rotation_y', 'head_y', 'neck_z', 'body_y', 'body_z']); // left of these is the other sign

/** [least, most] of a morph, a cel, or an effect. */
export function limitsOf(name) { return LIMITS.get(name) ?? [0, 1]; }

/** The value within the range of a morph or cel, to 3 digits; 0 for what is no number. */
export function clamped(name, value) {
  const [least, most] = LIMITS.get(name);
  return Number.isFinite(value) ? Number(Math.min(most, Math.max(least, value)).toFixed(3)) : 0;
}

/** The face with some values changed. */
export function changedFace(face, changes) {
  const next = { ...face };
  for (const [name, value] of Object.entries(changes)) {
    next[name] = clamped(name, value);
    if (!next[name]) delete next[name];
  }
  return next;
}

/** The face without these names. */
export function withoutNames(face, names) {
  return Object.fromEntries(Object.entries(face).filter(([name]) => !names.includes(name)));
}

/** The face as in a mirror: left is right, and what turns turns the other way. */
export function mirroredFace(face) {
  return Object.fromEntries(Object.entries(face).map(([name, value]) => {
    const other = name.endsWith('_left') ? name.replace(/_left$/, '_right') : name.replace(/_right$/, '_left');
    return [other, TURNED_ROUND.has(name) ? -value : value];
  }));
}

/** The name of the same on the other side; null for what has none. */
export function otherSide(name) {
  if (name.endsWith('_left')) return name.replace(/_left$/, '_right');
  return name.endsWith('_right') ? name.replace(/_right$/, '_left') : null;
}

/** A template `{pose, cels}` as a face, at a strength of 0..1. */
export function faceOf({ pose = {}, cels = {} }, strength = 1) {
  const all = Object.entries({ ...pose, ...cels }).filter(([name]) => LIMITS.has(name));
  return changedFace({}, Object.fromEntries(all.map(([name, value]) => [name, value * strength])));
}

/** A face as a template `{pose, cels}`. */
export function templateOf(face) {
  const parts = { pose: {}, cels: {} };
  for (const [name, value] of Object.entries(face)) parts[IS_CEL.has(name) ? 'cels' : 'pose'][name] = value;
  return parts;
}

/** How the server knows an emotion whose name is free text: small letters, and "_" for what is no letter or digit. */
export function emotionId(name) {
  return name.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}_-]+/gu, '_').replace(/^_+|_+$/g, '');
}

/** True if both show the same. */
export function isSameFace(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** What differs: [[name, value of one, value of the other], …], the largest difference first. */
export function differences(one, other) {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.map((name) => [name, one[name] ?? 0, other[name] ?? 0]).filter(([, a, b]) => a !== b)
    .sort(([, a, b], [, c, d]) => Math.abs(d - c) - Math.abs(b - a));
}
