/** Where an avatar has to look to meet the eyes of a person whose head a camera sees. */

const REACH = 1.3; // a head at the edge of the camera's picture is beyond that of the avatar's
const STEP = 0.02; // less is no movement of the eyes

/**
 * @param {{x: number, y: number}} head of `measure`, the picture not mirrored. @param {{x: number, y: number}} rest where
 *   the head is when the person sits upright; of it only the height counts, for cameras look down or up.
 * @returns {{x: number, y: number}} as `setGaze` takes it: y up, 0 is straight out of the picture.
 */
export function gazeTo(head, rest = { x: 0, y: 0 }) {
  const within = (value) => Math.round(Math.max(-1, Math.min(1, value * REACH)) / STEP) * STEP;
  // The person's left is the right of the camera's picture, and the left of the screen they look at.
  return { x: Number(within(-head.x).toFixed(2)) + 0, y: Number(within(head.y - rest.y).toFixed(2)) + 0 };
}
