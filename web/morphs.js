/** The 45 morphs and the cels that make a face, grouped for people. "left" is the character's. */

const pair = (name) => [`${name}_left`, `${name}_right`];
const share = (name) => ({ name, minimum: 0, maximum: 1 });
const signed = (name) => ({ name, minimum: -1, maximum: 1 }); // of the head and body, 1 is 15 degrees

/** Group → its morphs {name, minimum, maximum}; 0 is neutral. */
export const MORPHS = {
  Brows: ['troubled', 'angry', 'lowered', 'raised', 'happy', 'serious'].flatMap((way) => pair(`eyebrow_${way}`)).map(share),
  Eyes: ['wink', 'happy_wink', 'surprised', 'relaxed', 'unimpressed', 'raised_lower_eyelid']
    .flatMap((way) => pair(`eye_${way}`)).map(share),
  Irises: [...pair('iris_small').map(share), ...['iris_rotation_x', 'iris_rotation_y'].map(signed)],
  Mouth: [
    ...['aaa', 'iii', 'uuu', 'eee', 'ooo', 'delta'].map((way) => `mouth_${way}`),
    ...['lowered_corner', 'raised_corner'].flatMap((way) => pair(`mouth_${way}`)),
    'mouth_smirk',
  ].map(share),
  'Head and body': ['head_x', 'head_y', 'neck_z', 'body_y', 'body_z'].map(signed),
  Breath: ['breathing'].map(share),
};

/** Group → its cels, as morphs are told; their value is an opacity. */
export const CELS = {
  'Drawn eyes': ['eyes_arc', 'eyes_arc_sad'].map(share),
  'Drawn mouths': ['rest', 'smile', 'frown', 'wavy', 'clench', 'cat', 'pout', 'shout'].map((way) => share(`mouth_${way}`)),
  'On the skin': ['blush1', 'blush2', 'blush3', 'shadow1', 'sweat1', 'sweat2', 'sweat3', 'tears1', 'tears2', 'tears3'].map(share),
  'In the eyes': ['waver1', 'waver2', 'data1', 'data2', 'data3', 'data4'].map(share),
};

/** What a morph or cel is called in its group. */
export function title(name) {
  return name.replace(/^(eyebrow|eyes?|iris|mouth)_/, '').replaceAll('_', ' ');
}
