/** Faces in and out: files, the clipboard, the character for good, and all emotions as a zip. */

import { asked, request } from '../api.js';
import { node } from '../nodes.js';
import { templateOf } from './face.js';
import { pictured } from './pictures.js';

/** The faces in JSON files, ours or the predecessor's. @returns {Promise<Object>} name → template. */
export async function readFaceFiles(files) {
  const found = {};
  for (const file of files) {
    const { faces } = await request('POST', 'poses/read', new Blob([await file.text()], { type: 'application/json' }));
    const stem = file.name.replace(/\.json$/i, '');
    const names = Object.keys(faces);
    for (const name of names) found[/^\d{3}$/.test(name) ? (names.length > 1 ? `${stem} ${name}` : stem) : name] = faces[name];
  }
  return found;
}

/** A face as the text of a file that pose editors read: `{name: {pose, cels}}`. */
export function fileText(name, face) {
  return `${JSON.stringify({ [name]: templateOf(face) }, null, 1)}\n`;
}

/** Save a face as JSON and its picture as PNG. */
export async function saveFiles(path, name, face, how) {
  save(new Blob([fileText(name, face)], { type: 'application/json' }), `${name}.json`);
  save(await pictured(path, face, how), `${name}.png`);
}

/** Hand a file to whoever uses the page. */
export function save(blob, name) {
  const $link = node('a', { href: URL.createObjectURL(blob), download: name });
  $link.click();
  setTimeout(() => URL.revokeObjectURL($link.href), 60_000);
}

/**
 * Download the pack of all emotions.
 * @param {{packing: string, size: string, framing: string}} what
 * @param {(done: number, all: number) => void} tell how many files have come.
 */
export async function downloadSprites(path, what, tell) {
  const response = await asked('GET', `${path}/sprites?${new URLSearchParams(what)}`);
  const all = Number(response.headers.get('X-Entries'));
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition'))?.[1] ?? 'sprites.zip';
  const parts = [];
  let done = 0;
  for await (const part of chunks(response.body)) {
    parts.push(part);
    done += entriesIn(part);
    tell(Math.min(done, all), all);
  }
  save(new Blob(parts, { type: 'application/zip' }), name);
  return done;
}

/** How many files of a zip begin in these bytes. */
function entriesIn(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(0x50); at !== -1; at = bytes.indexOf(0x50, at + 1)) {
    if (bytes[at + 1] === 0x4b && bytes[at + 2] === 3 && bytes[at + 3] === 4) count += 1;
  }
  return count;
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

/** What is kept in the character that the avatar shows. */
export class KeptFaces {
  #path;
  #name = '';

  /** @param {string} path the avatar's. */
  constructor(path) {
    this.#path = path;
  }

  set character(name) { this.#name = name; }

  /** @returns {Promise<string[]>} names of emotions that were saved into it; none where it is not stored. */
  async names() {
    if (!this.#name) return [];
    const saved = await request('GET', this.#at('saved')).catch((error) => (error.status === 404 || error.status === 403 ? {} : Promise.reject(error)));
    return [...Object.keys(saved.emotions ?? {}), ...Object.keys(saved.own_emotions ?? {})];
  }

  /** Save a face as an emotion of the character for good, and let the avatar have it. */
  async keep(emotion, face) {
    await request('PUT', this.#at(`saved/emotions/${encodeURIComponent(emotion)}`), templateOf(face));
    await this.#renew();
  }

  /** The emotion as it came with the character; '' all of them. */
  async reset(emotion = '') {
    await request('DELETE', this.#at(emotion ? `saved/emotions/${encodeURIComponent(emotion)}` : 'saved/emotions'));
    await this.#renew();
  }

  #renew() { return request('PATCH', this.#path, { character: this.#name }); }
  #at(rest) { return `characters/${encodeURIComponent(this.#name)}/${rest}`; }
}
