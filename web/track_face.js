/**
 * The inside of /track_face.html: pictures in, landmarks out. It knows nothing else: no camera, no key, no avatar.
 *
 *   page around it ── {isRefined} ──────────────►  FaceMesh, loaded and ready  ── {ready} ──►  page
 *                  ── {picture: ImageBitmap} ───►  FaceMesh  ── {landmarks: Float32Array|null, width, height} ──►
 *                                                     └── {fault: string} ──►
 *
 * It stands in a frame of its own because FaceMesh compiles code from strings, which our other pages forbid.
 */

const FILES = new URL('tracking/model/', document.baseURI).href;
const AXES = 3;
const SURE = 0.5; // of 0..1: that there is a face, and that it is still the same

const $canvas = document.createElement('canvas');
const shown = $canvas.getContext('bitmaprenderer');
let tracker = null;
let landmarks = null; // of the picture under way

function tell(message, transfer = []) {
  parent.postMessage(message, '*', transfer); // a frame without an origin cannot know that of the page around it
}

function load() {
  const $script = Object.assign(document.createElement('script'), { src: `${FILES}face_mesh.js` });
  return new Promise((resolve, reject) => {
    $script.addEventListener('load', resolve);
    $script.addEventListener('error', () => reject(new Error('its files did not come')));
    document.head.append($script);
  });
}

async function start(isRefined) {
  await load();
  tracker = new window.FaceMesh({ locateFile: (name) => FILES + name });
  tracker.setOptions({ maxNumFaces: 1, refineLandmarks: isRefined, minDetectionConfidence: SURE, minTrackingConfidence: SURE });
  tracker.onResults(({ multiFaceLandmarks: [found] = [] }) => { landmarks = found ? flat(found) : null; });
  await tracker.initialize();
  tell({ ready: true });
}

function flat(points) {
  const numbers = new Float32Array(points.length * AXES);
  points.forEach(({ x, y, z }, n) => numbers.set([x, y, z], n * AXES));
  return numbers;
}

async function track(picture) {
  const { width, height } = picture;
  if ($canvas.width !== width || $canvas.height !== height) Object.assign($canvas, { width, height });
  shown.transferFromImageBitmap(picture);
  landmarks = null;
  await tracker.send({ image: $canvas });
  tell({ landmarks, width, height }, landmarks ? [landmarks.buffer] : []);
}

const giveUp = (error) => tell({ fault: String(error?.message ?? error) });

addEventListener('message', ({ source, data }) => {
  if (source !== parent) return;
  (data.picture ? track(data.picture) : start(data.isRefined)).catch(giveUp);
});
// Some of its faults are thrown where nobody waits for them.
addEventListener('error', giveUp);
addEventListener('unhandledrejection', ({ reason }) => giveUp(reason));
