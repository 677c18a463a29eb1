/** The programs of alpha_canvas.js, in GLSL ES 1.00. Textures hold the top row first; only the canvas is upside down. */

const PRECISION = `
  #ifdef GL_FRAGMENT_PRECISION_HIGH
  precision highp float;
  #else
  precision mediump float;
  #endif`;

/** `upright` is 0.5 where a texture is drawn, -0.5 where the canvas is. */
export const VERTEX = `
  attribute vec2 corner;
  uniform float upright;
  varying vec2 at;
  void main() {
    at = corner * vec2(0.5, upright) + 0.5;
    gl_Position = vec4(corner, 0.0, 1.0);
  }`;

// Chroma has half the resolution, so that a row next to the seam carries some of the other half's: 1.5 texels
// away from it neither luma nor chroma bleeds. Both halves are clamped alike, so that they stay congruent.
// Coding noise makes 0 and 1 inexact: 2 % at both ends are cut off. A colour above its alpha would glow.
/** Premultiplied colour from a frame of colour above alpha; `row` is one of the frame, (0..1). */
export const UNPACK = `${PRECISION}
  uniform sampler2D image;
  uniform float row;
  varying vec2 at;
  void main() {
    float y = clamp(at.y * 0.5, 1.5 * row, 0.5 - 1.5 * row);
    vec3 colour = texture2D(image, vec2(at.x, y)).rgb;
    float luma = dot(texture2D(image, vec2(at.x, y + 0.5)).rgb, vec3(0.299, 0.587, 0.114));
    float alpha = clamp((luma - 0.02) / 0.96, 0.0, 1.0);
    gl_FragColor = vec4(min(colour, alpha), alpha);
  }`;

// Cubic convolution (Keys, 1981). Between two texels nothing leaves what they hold: no ringing, in colour or alpha.
/** Enlarge along `way`, (1, 0) or (0, 1); `count` is how many texels lie along it. */
export const ENLARGE = `${PRECISION}
  #define STEEP -0.75
  uniform sampler2D image;
  uniform vec2 way;
  uniform float count;
  varying vec2 at;
  void main() {
    vec2 texel = way / count;
    float f = fract(dot(at, way) * count - 0.5);
    vec2 middle = at - texel * f;
    vec4 a = texture2D(image, middle - texel);
    vec4 b = texture2D(image, middle);
    vec4 c = texture2D(image, middle + texel);
    vec4 d = texture2D(image, middle + 2.0 * texel);
    float first = STEEP * f * (f * (f - 2.0) + 1.0);
    float last = STEEP * f * f * (1.0 - f);
    float second = f * f * ((STEEP + 2.0) * f - STEEP - 3.0) + 1.0;
    vec4 sum = a * first + b * second + c * (1.0 - first - second - last) + d * last;
    gl_FragColor = clamp(sum, min(b, c), max(b, c));
    gl_FragColor.rgb = min(gl_FragColor.rgb, gl_FragColor.a);
  }`;

// What is sharpened stays within what its neighbours hold: edges become steeper, and nothing rings.
/** `reach` is how far the neighbours are, (0..1) of the picture: about as far as what the video cannot show. */
export const SHARPEN = `${PRECISION}
  uniform sampler2D image;
  uniform vec2 reach;
  uniform float sharpness;
  varying vec2 at;
  void main() {
    vec4 here = texture2D(image, at);
    vec4 a = texture2D(image, at - vec2(reach.x, 0.0));
    vec4 b = texture2D(image, at + vec2(reach.x, 0.0));
    vec4 c = texture2D(image, at - vec2(0.0, reach.y));
    vec4 d = texture2D(image, at + vec2(0.0, reach.y));
    vec4 least = min(here, min(min(a, b), min(c, d)));
    vec4 most = max(here, max(max(a, b), max(c, d)));
    gl_FragColor = clamp(here + sharpness * (here - 0.25 * (a + b + c + d)), least, most);
    gl_FragColor.rgb = min(gl_FragColor.rgb, gl_FragColor.a);
  }`;
