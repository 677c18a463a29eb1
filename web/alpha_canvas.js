/**
 * Draws a video whose upper half is premultiplied colour and whose lower half is alpha as luma.
 *
 *   ┌──────────┐
 *   │ colour·a │        ┌──────────┐
 *   ├──────────┤  ───►  │ colour,a │  transparent canvas
 *   │ a        │        └──────────┘
 *   └──────────┘
 */

const VERTEX = `
  attribute vec2 corner;
  varying vec2 at;
  void main() {
    at = corner * vec2(0.5, -0.5) + 0.5;
    gl_Position = vec4(corner, 0.0, 1.0);
  }`;

// Chroma has half the resolution, so that a row next to the seam carries some of the other half's: 1.5 texels
// away from it neither luma nor chroma bleeds. Both halves are clamped alike, so that they stay congruent.
// Coding noise makes 0 and 1 inexact: 2 % at both ends are cut off. A colour above its alpha would glow.
const FRAGMENT = `
  #ifdef GL_FRAGMENT_PRECISION_HIGH
  precision highp float;
  #else
  precision mediump float;
  #endif
  uniform sampler2D frame;
  uniform float row;
  varying vec2 at;
  void main() {
    float y = clamp(at.y * 0.5, 1.5 * row, 0.5 - 1.5 * row);
    vec3 colour = texture2D(frame, vec2(at.x, y)).rgb;
    float luma = dot(texture2D(frame, vec2(at.x, y + 0.5)).rgb, vec3(0.299, 0.587, 0.114));
    float alpha = clamp((luma - 0.02) / 0.96, 0.0, 1.0);
    gl_FragColor = vec4(min(colour, alpha), alpha);
  }`;

export class AlphaCanvas {
  #canvas;
  #gl;
  #row;

  /** @param {HTMLCanvasElement} canvas @throws {Error} where WebGL is missing. */
  constructor(canvas) {
    this.#canvas = canvas;
    const options = { premultipliedAlpha: true, antialias: false, depth: false, stencil: false };
    this.#gl = canvas.getContext('webgl', options);
    if (!this.#gl) throw new Error('this browser has no WebGL');
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault()); // else it is never restored
    canvas.addEventListener('webglcontextrestored', () => this.#build());
    this.#build();
  }

  /** True while the GPU has taken the context away; the picture stands still until it is restored. */
  get isLost() {
    return this.#gl.isContextLost();
  }

  /** Draw the video's present frame; @returns false if there is none, or the context is lost. */
  draw(video) {
    const gl = this.#gl;
    if (!video.videoWidth || gl.isContextLost()) return false;
    this.#fit(video.videoWidth, video.videoHeight / 2);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, video);
    gl.uniform1f(this.#row, 1 / video.videoHeight);
    gl.viewport(0, 0, this.#canvas.width, this.#canvas.height);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    return true;
  }

  /**
   * Full size, or half of it if the screen shows no more than that: half is an exact mean of 2 x 2 texels,
   * sizes between would alias. The browser scales the canvas to its box.
   */
  #fit(width, height) {
    const shown = this.#canvas.clientWidth * devicePixelRatio;
    const part = shown > 0 && shown <= width / 2 ? 0.5 : 1;
    const [w, h] = [Math.round(width * part), Math.round(height * part)];
    // Writing the size clears the canvas, even if it is the same.
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
  }

  #build() {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, 'corner');
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`WebGL refuses the shader: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    this.#row = gl.getUniformLocation(program, 'row');
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const way of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, way, gl.LINEAR);
  }
}
