/** A dialog in which the user marks where eyes and mouth are, for pictures whose ground hides the figure from the server. */

import { GUESS, hasGround, layingOf, SIDE } from './placing.js';

const SMALL = 64; // px of the copy that is looked at for a ground
const PREVIEW = 160;
const STEP = 0.004; // of the picture, by an arrow key
const NAMES = ['one eye', 'the other eye', 'the mouth'];

/** Whether a picture has a ground of its own. @param {Uint8Array} bytes */
export async function isOpaque(bytes) {
  const picture = await createImageBitmap(new Blob([bytes]));
  const pen = canvas(SMALL).getContext('2d', { willReadFrequently: true });
  pen.drawImage(picture, 0, 0, SMALL, SMALL);
  return hasGround(pen.getImageData(0, 0, SMALL, SMALL).data, SMALL, SMALL);
}

/** The picture with its face in its place, as a PNG. @param {Uint8Array} bytes @param {number[][]} marks */
export async function laid(bytes, marks) {
  const picture = await createImageBitmap(new Blob([bytes]));
  const $canvas = canvas(SIDE);
  draw($canvas, picture, marks);
  const blob = await new Promise((resolve) => { $canvas.toBlob(resolve, 'image/png'); });
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * Let the user mark the face.
 * @param {Uint8Array} bytes @param {?number[][]} before marks of the last time @returns {Promise<?number[][]>} null: rather not.
 */
export async function markFace(bytes, before = null) {
  const picture = await createImageBitmap(new Blob([bytes]));
  const marks = (before ?? GUESS).map((mark) => [...mark]);
  const $dialog = document.createElement('dialog');
  $dialog.className = 'avatar-rtc-marks';
  $dialog.innerHTML = `<p>This picture has a background. Put one ring on each eye and the third on the mouth, so that the face can move.</p>
    <div class="avatar-rtc-marks-row"><div class="avatar-rtc-marks-picture"></div><canvas width="${PREVIEW}" height="${PREVIEW}"></canvas></div>
    <p class="avatar-rtc-marks-wrong" role="alert"></p>
    <div><button class="menu_button" type="button" value="use">Use it</button><button class="menu_button" type="button" value="">Cancel</button></div>`;
  const [$picture, $preview] = [$dialog.querySelector('.avatar-rtc-marks-picture'), $dialog.querySelector('canvas')];
  const [$use, $cancel] = $dialog.querySelectorAll('button');
  const $copy = document.createElement('canvas');
  [$copy.width, $copy.height] = [picture.width, picture.height];
  $copy.getContext('2d').drawImage(picture, 0, 0);
  $picture.append($copy, ...NAMES.map(ring));
  const $rings = [...$picture.querySelectorAll('button')];

  const show = () => {
    $rings.forEach(($ring, n) => { $ring.style.left = `${100 * marks[n][0]}%`; $ring.style.top = `${100 * marks[n][1]}%`; });
    const $wrong = $dialog.querySelector('.avatar-rtc-marks-wrong');
    try {
      draw($preview, picture, marks);
      $wrong.textContent = '';
    } catch (error) {
      $wrong.textContent = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
    }
    $use.disabled = $wrong.textContent !== '';
  };
  const put = (n, x, y) => { marks[n] = [clamp(x), clamp(y)]; show(); };
  const at = (event) => {
    const box = $copy.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  $picture.addEventListener('pointerdown', (event) => {
    const [x, y] = at(event);
    const away = marks.map((mark) => Math.hypot((mark[0] - x) * picture.width, (mark[1] - y) * picture.height));
    const n = away.indexOf(Math.min(...away));
    const life = new AbortController();
    $picture.setPointerCapture(event.pointerId);
    event.preventDefault();
    $rings[n].focus();
    put(n, x, y);
    $picture.addEventListener('pointermove', (moved) => put(n, ...at(moved)), { signal: life.signal });
    for (const end of ['pointerup', 'pointercancel']) $picture.addEventListener(end, () => life.abort(), { signal: life.signal });
  });
  $rings.forEach(($ring, n) => $ring.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!way) return;
    event.preventDefault();
    put(n, marks[n][0] + way[0], marks[n][1] + way[1]);
  }));
  document.body.append($dialog);
  show();
  $dialog.showModal();
  const isUsed = await new Promise((resolve) => {
    $use.addEventListener('click', () => resolve(true));
    $cancel.addEventListener('click', () => resolve(false));
    $dialog.addEventListener('close', () => resolve(false));
  });
  $dialog.remove();
  return isUsed ? marks : null;
}

/** Draw a picture as its marks lay it, in a square of any size. */
function draw($canvas, picture, marks) {
  const laying = layingOf(marks, picture.width, picture.height);
  const [pen, scale] = [$canvas.getContext('2d'), $canvas.width / SIDE];
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, $canvas.width, $canvas.height);
  pen.setTransform(...laying.map((value) => value * scale));
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(picture, 0, 0);
}

function ring(name) {
  const $ring = Object.assign(document.createElement('button'), { type: 'button', title: name });
  $ring.setAttribute('aria-label', `${name}: move it with the arrow keys`);
  return $ring;
}

function canvas(side) {
  return Object.assign(document.createElement('canvas'), { width: side, height: side });
}

function clamp(value) {
  return Math.min(1, Math.max(0, value));
}
