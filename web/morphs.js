/** The 45 morphs an avatar's face and body are moved by, grouped for people. "left" is the character's. */

const pair = (name) => [`${name}_left`, `${name}_right`];
const share = (name) => ({ name, minimum: 0, maximum: 1 });
const signed = (name) => ({ name, minimum: -1, maximum: 1 }); // of the head and body, 1 is 15 degrees

/** Group → its morphs {name, minimum, maximum}; 0 is neutral. */
export const MORPHS = {
  Brows: ['troubled', 'angry', 'lowered', 'raised', 'happy', 'serious'].flatMap((way) => pair(`eyebrow_${way}`)).map(share),
  Eyes: [
    ...['wink', 'happy_wink', 'surprised', 'relaxed', 'unimpressed', 'raised_lower_eyelid']
      .flatMap((way) => pair(`eye_${way}`)).map(share),
    ...pair('iris_small').map(share),
    ...['iris_rotation_x', 'iris_rotation_y'].map(signed),
  ],
  Mouth: [
    ...['aaa', 'iii', 'uuu', 'eee', 'ooo', 'delta'].map((way) => `mouth_${way}`),
    ...['lowered_corner', 'raised_corner'].flatMap((way) => pair(`mouth_${way}`)),
    'mouth_smirk',
  ].map(share),
  Head: [...['head_x', 'head_y', 'neck_z', 'body_y', 'body_z'].map(signed), share('breathing')],
};

/** What a morph is called in its group. */
export function title(name) {
  return name.replace(/^(eyebrow|eye|mouth)_/, '').replaceAll('_', ' ');
}
