/** Draws the landmarks over the camera's picture, so that one sees what is seen. */

const AXES = 3;
const MESH = 468; // what follows are the irises
const LEAST_PX = 100; // of a face: in a smaller one the dots would hide it
/** Runs of landmarks that are joined, in MediaPipe's numbers. */
const LINES = [
  [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58,
    132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10], // the face's edge
  [33, 160, 159, 158, 133, 153, 145, 144, 33],
  [263, 387, 386, 385, 362, 380, 374, 373, 263],
  [70, 105, 107],
  [300, 334, 336],
  [61, 0, 291, 17, 61],
  [78, 13, 308, 14, 78],
];
const IRISES = [[469, 470, 471, 472, 469], [474, 475, 476, 477, 474]];

/** @param {HTMLCanvasElement} $canvas @param {?Float32Array} landmarks null clears it. */
export function drawMesh($canvas, landmarks) {
  const { clientWidth, clientHeight } = $canvas;
  const [width, height] = [clientWidth, clientHeight].map((px) => Math.round(px * devicePixelRatio));
  if ($canvas.width !== width || $canvas.height !== height) Object.assign($canvas, { width, height });
  const ink = $canvas.getContext('2d');
  ink.clearRect(0, 0, width, height);
  if (!landmarks) return;
  const place = (n) => [landmarks[n * AXES] * width, landmarks[n * AXES + 1] * height];
  const isLarge = place(454)[0] - place(234)[0] > LEAST_PX * devicePixelRatio;
  ink.fillStyle = '#63d8c8b0';
  for (let n = 0; isLarge && n < MESH; n += 1) ink.fillRect(...place(n), devicePixelRatio, devicePixelRatio);
  ink.strokeStyle = '#7ff0de';
  ink.lineWidth = 1.5 * devicePixelRatio;
  ink.lineJoin = 'round';
  ink.beginPath();
  for (const line of landmarks.length > MESH * AXES ? [...LINES, ...IRISES] : LINES) {
    line.forEach((n, at) => ink[at ? 'lineTo' : 'moveTo'](...place(n)));
  }
  ink.stroke();
}
