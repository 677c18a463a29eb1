/** What is done to a pose before it is sent: the other way round, more or less of it, and no more digits than count. */

const SIDE = /(Left|Right)$/;
const PARTS = { eyes: /^(eye|brow)/, mouth: /^(mouth|jaw|cheek|tongue)/ };
const SHAPE_STEP = 0.01; // less is not to be seen, and would be sent for nothing
const DEGREE_STEP = 0.1;

/**
 * As in a mirror: what the person's left does, the avatar's right does. Twice is as it was.
 * @param {{blendshapes: Object<string, number>, head: number[]}} pose
 */
export function mirrored({ blendshapes, head: [yaw, pitch, roll] }) {
  const swapped = (name) => name.replace(SIDE, (side) => (side === 'Left' ? 'Right' : 'Left'));
  return {
    blendshapes: Object.fromEntries(Object.entries(blendshapes).map(([name, value]) => [swapped(name), value])),
    head: [-yaw, pitch, -roll],
  };
}

/**
 * More or less of it.
 * @param {{blendshapes: Object<string, number>, head: number[]}} pose
 * @param {{head: number, eyes: number, mouth: number}} strength 1 leaves it as it is; eyes are lids, gaze and brows.
 */
export function strengthened({ blendshapes, head }, strength) {
  const gain = (name) => Object.keys(PARTS).find((part) => PARTS[part].test(name));
  return {
    blendshapes: Object.fromEntries(Object.entries(blendshapes)
      .map(([name, value]) => [name, Math.max(0, Math.min(1, value * (strength[gain(name)] ?? 1)))])),
    head: head.map((degrees) => degrees * strength.head),
  };
}

/** Rounded; shapes at 0 are left out, for that is what the server takes them for. */
export function rounded({ blendshapes, head }) {
  const to = (step, value) => Number((Math.round(value / step) * step).toFixed(2)) + 0; // no -0
  return {
    blendshapes: Object.fromEntries(Object.entries(blendshapes)
      .map(([name, value]) => [name, to(SHAPE_STEP, value)]).filter(([, value]) => value)),
    head: head.map((degrees) => to(DEGREE_STEP, degrees)),
  };
}
