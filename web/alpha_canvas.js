/**
 * Draws a video whose upper half is premultiplied colour and whose lower half is alpha as luma, by WebGL.
 *
 *   ┌──────────┐               smaller, or as large as the video:  at once
 *   │ colour·a │        ┌──────────┐
 *   ├──────────┤  ───►  │ colour,a │  transparent canvas
 *   │ a        │        └──────────┘
 *   └──────────┘               larger: enlarged across and down to the screen's own pixels, then sharpened
 */

import { ENLARGE, SHARPEN, UNPACK, VERTEX } from './alpha_shaders.js';
import { CanvasBox } from './canvas_box.js';

const SHARPNESS = 0.5; // of a picture twice as large or more, less below; 1 makes stairs of slanted lines, and shows coding
const REACH = 0.6; // px of the video, over which an edge is made steeper
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const LARGEST_PX = 4_096; // a side of the canvas

export class AlphaCanvas {
  #canvas;
  #gl;
  #box;
  #sharpness;
  #enlarges;
  #unpack;
  #enlarge;
  #sharpen;
  #frame; // textures: of the video,
  #source; // unpacked,
  #wide; // enlarged across,
  #large; // and down
  #width = 0; // of the picture in the frame, px
  #height = 0;
  #fit = 'contain';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{sharpness?: number, enlarges?: boolean}} options sharpness: 0 does not sharpen; enlarges: by default where
   *   there is a graphics card. A processor in its place takes 30 ns a pixel, and leaves it to the browser.
   * @throws {Error} where WebGL is missing.
   */
  constructor(canvas, { sharpness = SHARPNESS, enlarges } = {}) {
    this.#canvas = canvas;
    this.#sharpness = sharpness;
    const options = { premultipliedAlpha: true, antialias: false, depth: false, stencil: false };
    this.#gl = canvas.getContext('webgl', options);
    if (!this.#gl) throw new Error('this browser has no WebGL');
    this.#enlarges = enlarges ?? !isSoftware(this.#gl);
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault()); // else it is never restored
    canvas.addEventListener('webglcontextrestored', () => this.#build());
    this.#build();
    this.#box = new CanvasBox(canvas, () => this.#onResize());
  }

  /** True while the GPU has taken the context away; the picture stands still until it is restored. */
  get isLost() {
    return this.#gl.isContextLost();
  }

  /**
   * Draw the video's present frame; a canvas of another size draws it again by itself.
   * @param {string} fit contain, cover or fill. @returns {boolean} false if there is none, or the context is lost.
   */
  draw(video, fit = 'contain') {
    const gl = this.#gl;
    if (!video.videoWidth || gl.isContextLost()) return false;
    [this.#width, this.#height, this.#fit] = [video.videoWidth, video.videoHeight / 2, fit];
    gl.bindTexture(gl.TEXTURE_2D, this.#frame.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, video);
    this.#render();
    return true;
  }

  close() {
    this.#box.close();
  }

  #onResize() {
    if (this.#width && !this.isLost) this.#render(); // a canvas of another size is empty
  }

  #render() {
    const shown = this.#box.scale(this.#width, this.#height, this.#fit);
    const scale = this.#scale(shown);
    this.#resize(Math.round(this.#width * scale), Math.round(this.#height * scale));
    if (scale <= 1) this.#unpackTo(null);
    else this.#enlargeTo(scale);
  }

  /**
   * As large as it is shown, so that the browser has nothing to scale. Smaller ones have the video's size, or half of
   * it: half is an exact mean of 2 x 2 texels, sizes between would alias.
   */
  #scale(shown) {
    if (shown > 1) return this.#enlarges ? Math.max(1, Math.min(shown, LARGEST_PX / Math.max(this.#width, this.#height))) : 1;
    return shown > 0 && shown <= 0.5 ? 0.5 : 1;
  }

  #resize(width, height) {
    // Writing the size clears the canvas, even if it is the same.
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
  }

  #enlargeTo(scale) {
    const [w, h] = [this.#width, this.#height];
    const { width, height } = this.#canvas;
    this.#unpackTo(this.#sized(this.#source, w, h));
    this.#run(this.#enlarge, this.#source, this.#sized(this.#wide, width, h), { way: [1, 0], count: [w] });
    this.#run(this.#enlarge, this.#wide, this.#sized(this.#large, width, height), { way: [0, 1], count: [h] });
    const reach = Math.max(1, Math.round(REACH * scale));
    const sharpness = this.#sharpness * Math.min(1, scale - 1);
    this.#run(this.#sharpen, this.#large, null, { reach: [reach / width, reach / height], sharpness: [sharpness] });
  }

  #unpackTo(target) {
    this.#run(this.#unpack, this.#frame, target, { row: [0.5 / this.#height] });
  }

  /** Draw a texture by a program; no target is the canvas. */
  #run({ program, places }, image, target, uniforms) {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target?.buffer ?? null);
    gl.viewport(0, 0, target?.width ?? this.#canvas.width, target?.height ?? this.#canvas.height);
    gl.useProgram(program);
    for (const [name, values] of Object.entries({ ...uniforms, upright: [target ? 0.5 : -0.5] })) {
      gl[`uniform${values.length}f`](places[name], ...values);
    }
    gl.bindTexture(gl.TEXTURE_2D, image.texture);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** A texture to draw into, of this size from now on. */
  #sized(target, width, height) {
    if (target.width === width && target.height === height) return target;
    const gl = this.#gl;
    gl.bindTexture(gl.TEXTURE_2D, target.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    return Object.assign(target, { width, height });
  }

  #build() {
    const gl = this.#gl;
    this.#unpack = program(gl, UNPACK, ['upright', 'row']);
    this.#enlarge = program(gl, ENLARGE, ['upright', 'way', 'count']);
    this.#sharpen = program(gl, SHARPEN, ['upright', 'reach', 'sharpness']);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    this.#frame = { texture: texture(gl, gl.LINEAR) };
    [this.#source, this.#wide, this.#large] = [target(gl), target(gl), target(gl)];
  }
}

/** Whether a processor stands in for the card. Asking for a context that fails then does not tell: Chromium's does not fail. */
function isSoftware(gl) {
  const name = gl.getParameter(gl.RENDERER);
  if (!name.startsWith('WebKit')) return SOFTWARE.test(name); // Firefox tells, and warns of who asks otherwise
  const { UNMASKED_RENDERER_WEBGL } = gl.getExtension('WEBGL_debug_renderer_info') ?? {};
  return SOFTWARE.test(gl.getParameter(UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
}

/** A program, and the places of its uniforms. */
function program(gl, fragment, uniforms) {
  const made = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.bindAttribLocation(made, 0, 'corner');
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`WebGL refuses the shader: ${gl.getProgramInfoLog(made)}`);
  }
  const places = Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(made, name)]));
  return { program: made, places };
}

function texture(gl, filter) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const way of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, way, filter);
  return made;
}

/** A texture to draw into; it has no size yet. Texels are read one by one, at their middles. */
function target(gl) {
  const made = { texture: texture(gl, gl.NEAREST), buffer: gl.createFramebuffer(), width: 0, height: 0 };
  gl.bindFramebuffer(gl.FRAMEBUFFER, made.buffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made.texture, 0);
  return made;
}
