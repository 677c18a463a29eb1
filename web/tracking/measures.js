/**
 * What 478 landmarks of a face tell, as a few numbers that do not change with the way the head is turned.
 *
 * Landmarks are MediaPipe's: x, y, z of each in a row, x and y as shares of width and height, y down, z away from the
 * camera and in the scale of x. "Left" is the person's own. The picture is not mirrored.
 *
 *   px ──► axes of the head: X to the person's left, Y to the chin ──► everything else is measured along these
 */

const AXES = 3;
const FOREHEAD = 10;
const CHIN = 152;
const UPPER_LIP = 13;
const LOWER_LIP = 14;
const SIDES = {
  Right: {
    cheek: 234, outer: 33, inner: 133, lids: [[160, 144], [159, 145], [158, 153]], iris: 468, mouth: 61,
    brow: { inner: 107, middle: 105 },
  },
  Left: {
    cheek: 454, outer: 263, inner: 362, lids: [[387, 373], [386, 374], [385, 380]], iris: 473, mouth: 291,
    brow: { inner: 336, middle: 334 },
  },
};
const IRISES = SIDES.Left.iris * AXES; // a face without them ends before
const DEGREES = 180 / Math.PI;

/**
 * @typedef {object} Measures
 * @property {number} yaw degrees, + turned to the person's left. @property {number} pitch + up.
 * @property {number} roll + leaning to the person's left.
 * @property {number} x the head's place in the picture, -1..1, + is right. @property {number} y + is up.
 * @property {number} eyeLeft height of the open eye by its width. @property {number} eyeRight
 * @property {number} jaw how far the lips are apart, by the distance of the eyes.
 * @property {number} width of the mouth, by that of both eyes.
 * @property {number} drop how far the mouth's corners are below its middle, by the face's height.
 * @property {number} browInner height above the eye, by the face's height. @property {number} browLeft
 * @property {number} browRight
 * @property {number} gazeX where the irises are between the corners of the eyes, + is the person's left; 0 if unknown.
 * @property {number} gazeY + is down.
 */

/** @param {Float32Array|number[]} landmarks @param {number} width px @param {number} height px @returns {Measures} */
export function measure(landmarks, width, height) {
  const point = (n) => [landmarks[n * AXES] * width, landmarks[n * AXES + 1] * height, landmarks[n * AXES + 2] * width];
  const axes = headAxes(point);
  const along = (axis, from, to) => dot(axis, minus(to, from));
  const apart = (a, b) => Math.hypot(along(axes.x, point(a), point(b)), along(axes.y, point(a), point(b)));
  const tall = along(axes.y, point(FOREHEAD), point(CHIN));
  const eyes = Object.fromEntries(Object.entries(SIDES).map(([side, at]) => [side, eye(at, { point, along, apart, axes })]));
  const lips = middle(point(UPPER_LIP), point(LOWER_LIP));
  const corners = middle(point(SIDES.Right.mouth), point(SIDES.Left.mouth));
  const centre = middle(point(SIDES.Right.cheek), point(SIDES.Left.cheek));
  const hasIrises = landmarks.length > IRISES;
  return {
    ...headAngles(axes),
    x: (2 * centre[0]) / width - 1,
    y: 1 - (2 * centre[1]) / height,
    eyeLeft: eyes.Left.open,
    eyeRight: eyes.Right.open,
    jaw: apart(UPPER_LIP, LOWER_LIP) / apart(SIDES.Right.inner, SIDES.Left.inner),
    width: apart(SIDES.Right.mouth, SIDES.Left.mouth) / apart(SIDES.Right.outer, SIDES.Left.outer),
    drop: along(axes.y, lips, corners) / tall,
    browInner: (eyes.Left.browInner + eyes.Right.browInner) / 2 / tall,
    browLeft: eyes.Left.brow / tall,
    browRight: eyes.Right.brow / tall,
    gazeX: hasIrises ? (eyes.Left.gazeX + eyes.Right.gazeX) / 2 : 0,
    gazeY: hasIrises ? (eyes.Left.gazeY + eyes.Right.gazeY) / 2 : 0,
  };
}

/** Unit vectors of the head, in the picture's axes: x right, y down, z away. */
function headAxes(point) {
  const x = unit(minus(point(SIDES.Left.cheek), point(SIDES.Right.cheek)));
  const down = minus(point(CHIN), point(FOREHEAD));
  const y = unit(down.map((value, n) => value - dot(down, x) * x[n]));
  return { x, y, out: cross(y, x) };
}

/** Yaw, pitch and roll in degrees, as the pose channel has them. */
function headAngles({ x, out }) {
  return {
    yaw: DEGREES * Math.atan2(out[0], -out[2]),
    pitch: DEGREES * Math.asin(Math.max(-1, Math.min(1, -out[1]))),
    roll: DEGREES * Math.atan2(x[1], x[0]),
  };
}

function eye({ outer, inner, lids, iris, brow }, { point, along, apart, axes }) {
  const wide = apart(outer, inner);
  const centre = middle(point(outer), point(inner)); // stays where it is while the lids move
  const open = lids.reduce((sum, [upper, lower]) => sum + apart(upper, lower), 0) / lids.length / wide;
  return {
    open,
    browInner: along(axes.y, point(brow.inner), point(inner)),
    brow: along(axes.y, point(brow.middle), centre),
    gazeX: (2 * along(axes.x, centre, point(iris))) / wide,
    gazeY: (2 * along(axes.y, centre, point(iris))) / wide,
  };
}

const minus = (a, b) => a.map((value, n) => value - b[n]);
const middle = (a, b) => a.map((value, n) => (value + b[n]) / 2);
const dot = (a, b) => a.reduce((sum, value, n) => sum + value * b[n], 0);
const unit = (a) => a.map((value) => value / Math.hypot(...a));
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
