/** The card of gestures: what the avatar can make, played; and one of them edited, moment by moment. */

import { CELS, MORPHS } from '../morphs.js';
import { changedFace, emotionId } from './face.js';
import {
  MOST_KEYS, MOST_TRACKS, momentOf, secondsOf, widestGap, withMoreKeys, withMovedKey, withoutKey, withoutTrack, withTrack,
} from './gesture.js';
import { KeptGestures, saveGesture } from './gesture_keeping.js';
import { GestureTracks } from './gesture_tracks.js';
import { History } from './history.js';

const GROUPS = { ...MORPHS, ...CELS };

export class GestureCard {
  #root;
  #kept;
  #rows;
  #history = new History({});
  #name = '';
  #isEdited = false;
  #on;

  /**
   * @param {HTMLElement} root the card. @param {string} path the avatar's.
   * @param {{face: Function, sure: Function, complain: Function}} on face(face, gesture) what it shows at a moment;
   *   sure(text) asks before something is lost.
   */
  constructor(root, path, on) {
    this.#root = root;
    this.#on = on;
    this.#kept = new KeptGestures(path);
    this.#rows = new GestureTracks(this.#$('.tracks'), {
      move: (name, n, key, gesture) => this.#put(withMovedKey(this.#tracks, name, n, key), gesture),
      end: () => this.#end(),
      add: (name, t) => this.#add(name, t),
      remove: (name, n) => this.#remove(name, n),
      drop: (name) => this.#put(withoutTrack(this.#tracks, name)),
      choose: () => this.#showKey(),
    });
    this.#$('[name=moves]').append(...Object.entries(GROUPS).map(([label, members]) => {
      const $group = Object.assign(document.createElement('optgroup'), { label });
      $group.append(...members.map(({ name }) => new Option(name.replaceAll('_', ' '), name)));
      return $group;
    }));
    this.#wire();
  }

  /** The avatar shows this character, and can make these gestures: read them anew. */
  async know(character) {
    this.#kept.character = character;
    await this.#load();
  }

  get #tracks() { return this.#history.now; }
  get #strength() { return this.#$('[name=strength]').valueAsNumber; }

  #$(selector) { return this.#root.querySelector(selector); }

  #wire() {
    this.#$('[name=gesture]').addEventListener('change', ({ target }) => this.#choose(target.value));
    this.#$('[name=moment]').addEventListener('input', () => this.#showMoment());
    this.#$('.undo').addEventListener('click', () => this.#step(() => this.#history.undo()));
    this.#$('.redo').addEventListener('click', () => this.#step(() => this.#history.redo()));
    this.#$('.add-key').addEventListener('click', () => {
      const name = this.#rows.chosen?.[0] ?? Object.keys(this.#tracks)[0];
      this.#add(name, widestGap(this.#tracks[name]));
    });
    this.#$('.drop-key').addEventListener('click', () => this.#rows.chosen && this.#remove(...this.#rows.chosen));
    this.#$('.add-track').addEventListener('click', () => {
      const name = this.#$('[name=moves]').value;
      if (this.#tracks[name]) this.#say(`${name} has its track already.`);
      else if (Object.keys(this.#tracks).length >= MOST_TRACKS) this.#say(`A gesture has ${MOST_TRACKS} tracks at most.`);
      else this.#put(withTrack(this.#tracks, name));
    });
    for (const [place, name] of ['seconds', 'value'].entries()) {
      this.#$(`[name=${name}]`).addEventListener('change', ({ target }) => {
        const [track, n] = this.#rows.chosen ?? [];
        if (track) this.#put(withMovedKey(this.#tracks, track, n, this.#tracks[track][n].with(place, target.valueAsNumber)));
      });
    }
    this.#pressed('.play', () => this.#kept.play(this.#name, this.#tracks, this.#strength, this.#isEdited));
    this.#pressed('.give', () => this.#keep(() => this.#kept.give(this.#called(), this.#tracks), 'is what this avatar does now.'));
    this.#pressed('.keep-it', () => this.#keep(() => this.#kept.keep(this.#called(), this.#tracks), 'is saved into the character.'));
    this.#pressed('.factory', async () => {
      if (!await this.#on.sure(`Reset ${this.#kept.label(this.#name)} to what it was when the character came?`)) return;
      await this.#kept.reset(this.#name);
      await this.#load(true);
      this.#say('It is as it came.');
    });
    this.#pressed('.download', async () => saveGesture(this.#called(), this.#tracks));
    this.#$('.open').addEventListener('click', () => this.#$('[type=file]').click());
    this.#$('[type=file]').addEventListener('change', ({ target }) => {
      const files = [...target.files];
      target.value = '';
      this.#open(files).catch(this.#on.complain);
    });
  }

  /** Do something that takes a while, with the button out of reach. */
  #pressed(selector, act) {
    const $button = this.#$(selector);
    $button.addEventListener('click', async () => {
      $button.setAttribute('aria-busy', 'true');
      await act().catch(this.#on.complain);
      $button.removeAttribute('aria-busy');
    });
  }

  async #load(isAnew = false) {
    const lists = await this.#kept.load();
    const $select = this.#$('[name=gesture]');
    const groups = Object.entries(lists).filter(([, names]) => Object.keys(names).length);
    $select.replaceChildren(...groups.map(([label, names]) => {
      const $group = Object.assign(document.createElement('optgroup'), { label });
      $group.append(...Object.entries(names).map(([name, shown]) => new Option(shown, name)));
      return $group;
    }));
    const names = groups.flatMap(([, each]) => Object.keys(each));
    if (!names.includes(this.#name)) this.#choose(names[0] ?? '');
    else if (isAnew || !this.#isEdited) this.#choose(this.#name);
    $select.value = this.#name;
  }

  #choose(name) {
    this.#name = name;
    this.#isEdited = false;
    this.#history = new History(this.#kept.tracks(name));
    this.#$('[name=gesture]').value = name;
    this.#$('[name=called]').value = name;
    this.#$('[name=moment]').value = 0;
    this.#show();
  }

  async #open(files) {
    const names = await this.#kept.open(files);
    this.#name = names[0];
    await this.#load(true);
    this.#say(`${names.length} read from ${files.length === 1 ? files[0].name : `${files.length} files`}.`);
  }

  #called() { return this.#$('[name=called]').value.trim() || this.#name; }

  async #keep(act, words) {
    const name = this.#called();
    await act();
    this.#isEdited = false;
    this.#name = emotionId(name).replaceAll('-', '_');
    await this.#load(true);
    this.#say(`${name} ${words}`);
  }

  #add(name, t) {
    const more = withMoreKeys(this.#tracks, name, t);
    if (!more) {
      this.#say(`No further key fits there; a track has ${MOST_KEYS} at most.`);
      return;
    }
    this.#put(more[0]);
    this.#rows.focus(name, more[1]);
  }

  #remove(name, n) {
    const isEnd = n === 0 || n === this.#tracks[name].length - 1;
    if (isEnd) this.#say('Both ends of a track stay: a gesture comes and goes.');
    else this.#put(withoutKey(this.#tracks, name, n));
  }

  /** Other tracks, as a step that can be undone. @param {?string} gesture 'drag' while a key is being dragged. */
  #put(tracks, gesture = null) {
    this.#history.put(tracks, gesture);
    this.#isEdited = true;
    this.#show(gesture === 'drag');
    if (this.#$('[name=moment]').valueAsNumber > 0) this.#showMoment();
  }

  #end() {
    this.#history.end();
    this.#show();
  }

  #step(go) {
    go();
    this.#isEdited = this.#history.canUndo;
    this.#show();
  }

  #show(isHeld = false) {
    this.#rows.show(this.#tracks, isHeld);
    this.#$('.undo').disabled = !this.#history.canUndo;
    this.#$('.redo').disabled = !this.#history.canRedo;
    this.#$('.factory').disabled = !this.#kept.isChanged(this.#name);
    const seconds = secondsOf(this.#tracks);
    this.#$('[name=moment]').max = seconds;
    this.#$('.lasts').textContent = `${seconds.toFixed(2)} s`;
    this.#showTime();
    this.#showKey();
  }

  #showKey() {
    const [name, n] = this.#rows.chosen ?? [];
    const key = this.#tracks[name]?.[n];
    const isEnd = n === 0 || n === this.#tracks[name]?.length - 1;
    this.#$('.which').textContent = key ? `${name.replaceAll('_', ' ')}, key ${n + 1}` : 'no key chosen';
    for (const [place, field] of ['seconds', 'value'].entries()) {
      const $field = this.#$(`[name=${field}]`);
      $field.disabled = !key || (place ? isEnd : n === 0);
      if ($field !== document.activeElement) $field.value = key ? key[place].toFixed(2) : '';
    }
    this.#$('.drop-key').disabled = !key || isEnd;
  }

  #showTime() {
    const t = this.#$('[name=moment]').valueAsNumber;
    this.#$('.at').textContent = `${t.toFixed(2)} s`;
    this.#$('[name=moment]').setAttribute('aria-valuetext', `${t.toFixed(2)} seconds`);
    this.#rows.mark(t);
  }

  /** Show what it does at the moment that is chosen. */
  #showMoment() {
    this.#showTime();
    const t = this.#$('[name=moment]').valueAsNumber;
    this.#on.face(changedFace({}, momentOf(this.#tracks, t, this.#strength)), 'moment');
  }

  #say(text) { this.#$('.said').textContent = text; }
}
