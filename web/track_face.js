/**
 * The inside of /track_face.html: pictures in, landmarks out. It knows nothing else: no camera, no key, no avatar.
 *
 *   page around it ── {picture: ImageBitmap, at} ──►  FaceMesh  ── {landmarks: Float32Array|null, at, …} ──► page
 *                                                        └────── {ready: true}, {fault: string}
 *
 * It stands in a frame of its own because FaceMesh compiles code from strings, which our other pages forbid.
 */

const FILES = new URL('tracking/model/', location.href).href;
const AXES = 3;

const $canvas = document.createElement('canvas');
const shown = $canvas.getContext('bitmaprenderer');
let tracker = null;
let landmarks = null; // of the picture under way

function tell(message, transfer = []) {
  parent.postMessage(message, '*', transfer); // a frame without an origin cannot know that of the page around it
}

function flat(points) {
  const numbers = new Float32Array(points.length * AXES);
  points.forEach(({ x, y, z }, n) => numbers.set([x, y, z], n * AXES));
  return numbers;
}

async function start(isRefined) {
  if (!window.FaceMesh) throw new Error('the tracker’s files did not come');
  tracker = new window.FaceMesh({ locateFile: (name) => FILES + name });
  tracker.setOptions({ maxNumFaces: 1, refineLandmarks: isRefined, minDetectionConfidence: 0.5, minTrackingConfidence: 0.5 });
  tracker.onResults(({ multiFaceLandmarks: [found] = [] }) => { landmarks = found ? flat(found) : null; });
  await tracker.initialize();
  tell({ ready: true });
}

async function track(picture, at) {
  const { width, height } = picture;
  if ($canvas.width !== width || $canvas.height !== height) Object.assign($canvas, { width, height });
  shown.transferFromImageBitmap(picture);
  landmarks = null;
  await tracker.send({ image: $canvas });
  tell({ landmarks, at, width, height }, landmarks ? [landmarks.buffer] : []);
}

addEventListener('message', ({ source, data }) => {
  if (source !== parent) return;
  const work = data.picture ? track(data.picture, data.at) : start(data.isRefined);
  work.catch((error) => tell({ fault: String(error?.message ?? error) }));
});
addEventListener('error', ({ message }) => tell({ fault: message }));
addEventListener('unhandledrejection', ({ reason }) => tell({ fault: String(reason?.message ?? reason) }));
tell({ loaded: true });
