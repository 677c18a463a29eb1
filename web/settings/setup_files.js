/** Files in and out: a setup as JSON, ours or the predecessor's; pictures that become a backdrop or a character. */

import { request } from '../api.js';

const ALPHA_SIDE = 64; // of the small copy in which transparency is looked for
const CLEAR = 250; // alpha below which a pixel lets something through

/** Keep the setup of an avatar as a file of the browser's user. @param {string} path the avatar's, below /api/v1/. */
export async function saveSetup(path, name) {
  const setup = await request('GET', `${path}/setup`);
  const file = new Blob([`${JSON.stringify(setup, null, 2)}\n`], { type: 'application/json' });
  const $link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(file), download: `${name}.json` });
  $link.click();
  setTimeout(() => URL.revokeObjectURL($link.href), 10_000);
}

/**
 * Take a file as what it is.
 * @param {File} file JSON: a setup, the predecessor's settings, a chain, emotions; or a picture, or a zip of a character.
 * @param {{path: string, upload: (file: File) => Promise<void>}} to path: the avatar's; upload: of a backdrop.
 * @returns {Promise<string>} a sentence about what was done.
 * @throws {Error} with what is wrong with it.
 */
export async function takeFile(file, { path, upload }) {
  if (file.type === 'application/json' || /\.json$/i.test(file.name)) return takeJson(await file.text(), file.name, path);
  if (/zip/.test(file.type) || /\.zip$/i.test(file.name)) return takeCharacter(file, path);
  if (!file.type.startsWith('image/')) throw new Error(`${file.name} is no JSON, no picture and no zip of a character.`);
  if (await isTransparent(file)) return takeCharacter(file, path);
  await upload(file);
  return `${file.name} stands behind the avatar.`;
}

async function takeJson(text, name, path) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error(`${name} is no JSON that can be read.`);
  }
  if (Array.isArray(data)) data = { chain: data };
  if (data === null || typeof data !== 'object') throw new Error(`${name} holds no settings; wanted is an object.`);
  if (isEmotions(data)) {
    await request('PUT', `${path}/emotions`, data.emotions ? data : { emotions: data });
    return `${name} gave the avatar emotions.`;
  }
  await request('PUT', `${path}/setup`, data);
  return `${name} was loaded.`;
}

/** Templates of emotions: all of their values are poses. */
function isEmotions(data) {
  const templates = Object.values(data.emotions ?? data);
  return templates.length > 0 && templates.every((each) => each !== null && typeof each === 'object' && 'pose' in each);
}

async function takeCharacter(file, path) {
  const plain = file.name.replace(/\.\w+$/, '').toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64);
  const { name } = await request('POST', `characters?name=${encodeURIComponent(plain || 'character')}`, file);
  await request('PATCH', path, { character: name });
  return `${name} is shown.`;
}

async function isTransparent(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return false; // of a kind that only the server reads; it says what is wrong
  const context = new OffscreenCanvas(ALPHA_SIDE, ALPHA_SIDE).getContext('2d', { willReadFrequently: true });
  context.drawImage(picture, 0, 0, ALPHA_SIDE, ALPHA_SIDE);
  const { data } = context.getImageData(0, 0, ALPHA_SIDE, ALPHA_SIDE);
  return data.some((value, place) => place % 4 === 3 && value < CLEAR);
}
