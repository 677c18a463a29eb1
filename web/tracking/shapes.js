/** A face as the pose channel wants it: ARKit's blendshapes, 0..1, and the head in degrees, of measures and their rest. */

/**
 * What the measures of a calm face are, until one's own are known: those of a photograph.
 * @type {import('./measures.js').Measures}
 */
export const USUAL_REST = Object.freeze({
  yaw: 0, pitch: 0, roll: 0, x: 0, y: 0, eyeLeft: 0.32, eyeRight: 0.32, jaw: 0.03, width: 0.66, drop: 0,
  browInner: 0.13, browLeft: 0.14, browRight: 0.14, gazeX: 0, gazeY: -0.06,
});

const SHUT = [0.35, 0.85]; // of the rest's opening: shut, open
const WIDE = [1.15, 1.5];
const ALIKE = 0.15; // two lids that differ by less are moved alike: nobody winks by accident
const FAR_DEGREES = 30; // the eye that is turned away so far is not seen well
const JAW = [0.15, 0.7];
const SPREAD = [1.05, 1.25]; // of the rest's width
const ROUND = [0.05, 0.3]; // narrower than at rest
const FUNNEL = [0.1, 0.3]; // of the jaw: from pursed to rounded lips
const RISE = [-0.004, 0.012]; // of the mouth's corners, by the face's height
const FROWN = [0.012, 0.05];
const BROW_UP = [1.1, 1.3]; // of the rest's height
const BROW_DOWN = [0.05, 0.2]; // lower than at rest
const GAZE = 4; // an iris that has gone a quarter of half the eye looks as far as it can

/** How far a value has come from a to b, 0..1. */
const share = (value, [a, b]) => Math.max(0, Math.min(1, (value - a) / (b - a)));

/**
 * @param {import('./measures.js').Measures} now @param {import('./measures.js').Measures} rest a calm face
 * @returns {{blendshapes: Object<string, number>, head: number[]}} head: yaw, pitch, roll in degrees.
 */
export function shapesOf(now, rest = USUAL_REST) {
  const lids = blinks(now, rest);
  return {
    blendshapes: { ...lids.shapes, ...brows(now, rest), ...mouth(now, rest), ...gaze(now, rest, lids.open) },
    head: [now.yaw - rest.yaw, now.pitch - rest.pitch, now.roll - rest.roll],
  };
}

function blinks(now, rest) {
  const opening = { Left: now.eyeLeft / rest.eyeLeft, Right: now.eyeRight / rest.eyeRight };
  if (now.yaw > FAR_DEGREES) opening.Left = opening.Right;
  if (now.yaw < -FAR_DEGREES) opening.Right = opening.Left;
  let [left, right] = [1 - share(opening.Left, SHUT), 1 - share(opening.Right, SHUT)];
  if (Math.abs(left - right) < ALIKE) left = right = (left + right) / 2;
  return {
    open: 1 - (left + right) / 2,
    shapes: {
      eyeBlinkLeft: left, eyeBlinkRight: right, eyeWideLeft: share(opening.Left, WIDE), eyeWideRight: share(opening.Right, WIDE),
    },
  };
}

function brows(now, rest) {
  const [inner, left, right] = ['browInner', 'browLeft', 'browRight'].map((name) => now[name] / rest[name]);
  return {
    browInnerUp: share(inner, BROW_UP),
    browOuterUpLeft: share(left, BROW_UP),
    browOuterUpRight: share(right, BROW_UP),
    browDownLeft: share(1 - (inner + left) / 2, BROW_DOWN),
    browDownRight: share(1 - (inner + right) / 2, BROW_DOWN),
  };
}

function mouth(now, rest) {
  const jawOpen = share(now.jaw, JAW.map((end) => Math.max(end, rest.jaw + end - JAW[0])));
  const width = now.width / rest.width;
  const [spread, round] = [share(width, SPREAD), share(1 - width, ROUND)];
  const drop = now.drop - rest.drop;
  const [rise, frown, funnel] = [share(-drop, RISE), share(drop, FROWN), share(jawOpen, FUNNEL)];
  return {
    jawOpen,
    mouthFunnel: round * funnel,
    mouthPucker: round * (1 - funnel),
    mouthSmileLeft: spread * rise,
    mouthSmileRight: spread * rise,
    mouthStretchLeft: spread * (1 - rise),
    mouthStretchRight: spread * (1 - rise),
    mouthFrownLeft: frown,
    mouthFrownRight: frown,
  };
}

/** Where the eyes look; behind shut lids an iris is guessed, so it goes to the middle as they shut. */
function gaze(now, rest, open) {
  const far = (value) => Math.max(-1, Math.min(1, GAZE * value)) * open;
  const [x, y] = [far(now.gazeX - rest.gazeX), far(now.gazeY - rest.gazeY)];
  const [left, right, down, up] = [x, -x, y, -y].map((value) => Math.max(0, value));
  return {
    eyeLookOutLeft: left, eyeLookInRight: left, eyeLookInLeft: right, eyeLookOutRight: right,
    eyeLookDownLeft: down, eyeLookDownRight: down, eyeLookUpLeft: up, eyeLookUpRight: up,
  };
}
