// Up to a million points by WebGL2: pan, zoom, hover, lasso and box, with mouse, touch and keys.

import { button, h, newId } from "./dom.js";
import { CanvasPen, inks, saveSvg, SvgPen } from "./picture.js";

const VERTEX = `#version 300 es
in vec2 at; in uint level; in uint flag;
uniform vec2 scale; uniform vec2 shift; uniform float size; uniform int pass; uniform sampler2D palette;
flat out vec4 color;
void main() {
  bool hidden = (flag & 1u) != 0u, faint = (flag & 2u) != 0u;
  bool drawn = !hidden && (faint == (pass == 0)) && at.x == at.x;
  gl_Position = drawn ? vec4(at * scale + shift, 0.0, 1.0) : vec4(9.0, 9.0, 0.0, 1.0);
  gl_PointSize = faint ? size * 0.8 : size;
  color = texelFetch(palette, ivec2(int(level), 0), 0);
  if (faint) color.a *= 0.22;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 color; out vec4 drawn;
void main() {
  vec2 from = gl_PointCoord - 0.5;
  if (dot(from, from) > 0.25) discard;
  drawn = vec4(color.rgb * color.a, color.a);
}`;
const MOST_IN_SVG = 20000;
const KEYS = "Arrow keys move the cross, plus and minus zoom, 0 shows all. Space picks a sample, sets a "
  + "corner of a lasso or marks a place; Enter closes the lasso; Escape takes back.";

/** Points of samples or genes. Events: hover(i, x, y), pick(i), polygon(corners), place([x, y]). */
export class Scatter {
  constructor({ label, on = {}, modes = ["move", "lasso", "box"] }) {
    this.on = on;
    this.mode = "move";
    this.n = 0;
    this.view = { x: 0, y: 0, scale: 1 };
    this.corners = [];
    this.marks = [];
    this.outline = null;
    this.path = [];
    this.gl_canvas = h("canvas", { "aria-hidden": "true" });
    const id = newId();
    this.top = h("canvas", { class: "top", tabindex: "0", role: "application", "aria-label": label, "aria-describedby": id });
    this.said = h("p", { class: "hidden", role: "status", "aria-live": "polite" });
    const names = { move: "Move", lasso: "Lasso", box: "Box", place: "Click a place", path: "Draw a path" };
    this.buttons = modes.map((mode) => button(names[mode], () => this.setMode(mode), { "aria-pressed": mode === "move" }));
    this.modes = modes;
    this.bar = h("div", { class: "bar" },
      h("span", { class: "modes", role: "group", "aria-label": "What the mouse does" }, modes.length > 1 ? this.buttons : []),
      h("span", {}, button("Show all", () => this.fit()),
        button("Save PNG", () => this.savePng()), button("Save SVG", () => this.saveSvg())));
    this.frame = h("div", { class: "plane" }, this.gl_canvas, this.top);
    this.element = h("figure", { class: "scatter" }, this.bar, this.frame, this.said, h("p", { id, class: "hidden" }, KEYS));
    this.#start();
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(this.frame);
    document.addEventListener("theme", () => this.draw());
  }

  setMode(mode) {
    this.mode = mode;
    this.corners = [];
    this.buttons.forEach((one, i) => one.setAttribute("aria-pressed", this.modes[i] === mode));
    this.top.classList.toggle("moving", mode === "move");
    this.draw();
  }

  #start() {
    const gl = this.gl_canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
    if (!gl) {
      this.frame.append(h("p", { class: "notice bad", role: "alert" },
        "This browser draws no WebGL2. Use another one, or switch on hardware acceleration."));
      return;
    }
    this.gl = gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    ["at", "level", "flag"].forEach((name, i) => gl.bindAttribLocation(program, i, name));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.uniform = Object.fromEntries(["scale", "shift", "size", "pass"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffers = [0, 1, 2].map(() => gl.createBuffer());
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.gl_canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  }

  #upload(i, array, size, integer) {
    const { gl } = this;
    if (!gl) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(i);
    if (integer) gl.vertexAttribIPointer(i, size, gl.UNSIGNED_BYTE, 0, 0);
    else gl.vertexAttribPointer(i, size, gl.FLOAT, false, 0, 0);
  }

  /** Show points, x and y of each in turn; `axes` are the names of both directions. */
  setPoints(points, axes) {
    this.points = points;
    this.axes = axes;
    this.n = points.length / 2;
    this.index = null;
    this.levels = new Uint8Array(this.n);
    this.flags = new Uint8Array(this.n);
    this.#upload(0, points, 2, false);
    this.#upload(1, this.levels, 1, true);
    this.#upload(2, this.flags, 1, true);
    this.fit();
  }

  /** Colour points: a level of each, and the colours of all levels as #rrggbb. */
  setColors(levels, colors) {
    this.levels = levels;
    this.colors = colors;
    const bytes = new Uint8Array(1024);
    colors.forEach((color, i) => {
      const value = parseInt(color.slice(1, 7), 16);
      bytes.set([value >> 16, (value >> 8) & 255, value & 255, 255], 4 * i);
    });
    this.#upload(1, levels, 1, true);
    const { gl } = this;
    if (gl) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    this.draw();
  }

  /** Hide points (bit 1) or let them be faint (bit 2). */
  setFlags(flags) {
    this.flags = flags;
    this.#upload(2, flags, 1, true);
    this.draw();
  }

  fit() {
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < this.n; i += 1) {
      const x = this.points[2 * i];
      const y = this.points[2 * i + 1];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    if (!(right >= left)) [left, right, low, high] = [-1, 1, -1, 1];
    const box = this.frame.getBoundingClientRect();
    const [wide, tall] = [Math.max(box.width - 60, 50), Math.max(box.height - 60, 50)];
    this.view = { x: (left + right) / 2, y: (low + high) / 2,
      scale: Math.min(wide / (right - left || 1), tall / (high - low || 1)) };
    this.fitted = true;
    this.cross = null;
    this.draw();
  }

  #resize() {
    const box = this.frame.getBoundingClientRect();
    const ratio = Math.min(devicePixelRatio || 1, 2);
    for (const canvas of [this.gl_canvas, this.top]) {
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
    }
    this.ratio = ratio;
    this.size = [box.width, box.height];
    if (this.fitted && this.n) this.fit();
    else this.draw();
  }

  toScreen([x, y]) {
    return [this.size[0] / 2 + (x - this.view.x) * this.view.scale, this.size[1] / 2 - (y - this.view.y) * this.view.scale];
  }

  toData([x, y]) {
    return [this.view.x + (x - this.size[0] / 2) / this.view.scale, this.view.y - (y - this.size[1] / 2) / this.view.scale];
  }

  get pointSize() {
    return Math.min(7, Math.max(2, 110 / this.n ** 0.4)) * Math.min(2, Math.max(1, this.zoom ?? 1));
  }

  draw() {
    if (this.waits || !this.size) return;
    this.waits = requestAnimationFrame(() => {
      this.waits = 0;
      this.#drawNow();
      this.element.dispatchEvent(new CustomEvent("drawn"));
    });
  }

  #drawNow() {
    const { gl } = this;
    const [wide, tall] = this.size;
    if (gl && this.n) {
      gl.viewport(0, 0, this.gl_canvas.width, this.gl_canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      const { x, y, scale } = this.view;
      const by = [(2 * scale) / wide, (2 * scale) / tall];
      gl.uniform2f(this.uniform.scale, ...by);
      gl.uniform2f(this.uniform.shift, -x * by[0], -y * by[1]);
      gl.uniform1f(this.uniform.size, this.pointSize * this.ratio);
      for (const pass of [0, 1]) {
        if (pass === 0 && !this.flags.some((flag) => flag & 2)) continue;
        gl.uniform1i(this.uniform.pass, pass);
        gl.drawArrays(gl.POINTS, 0, this.n);
      }
    }
    const context = this.top.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, wide, tall);
    this.#drawTop(new CanvasPen(context), inks());
  }

  #drawTop(pen, ink) {
    const [wide, tall] = this.size;
    if (this.axes) {
      pen.text(wide - 10, tall - 10, `${this.axes[0]} →`, ink.muted, { anchor: "end" });
      pen.text(18, 14, `${this.axes[1]} →`, ink.muted, { anchor: "end", rotate: -90 });
    }
    if (this.outline) this.#loop(pen, this.outline, ink.accent, true);
    if (this.corners.length) this.#loop(pen, this.corners, ink.accent, false);
    if (this.path.length) {
      const at = this.path.map((one) => this.toScreen(one));
      pen.line(at, ink.accent, { width: 2 });
      at.forEach(([x, y], i) => { pen.circle(x, y, 5, ink.accent, { stroke: ink.paper }); pen.text(x + 8, y - 6, i + 1, ink.ink); });
    }
    for (const mark of this.marks) {
      const [x, y] = this.toScreen(mark.at);
      const color = mark.warn ? ink.warm : ink.ink;
      if (mark.error) {
        const [ex, ey] = mark.error.map((one) => one * this.view.scale);
        pen.line([[x - ex, y], [x + ex, y]], color);
        pen.line([[x, y - ey], [x, y + ey]], color);
      }
      if (mark.ring) pen.line(ring(x, y, 9), color, { width: 2 });
      else pen.shape([[x, y - 7], [x + 6, y + 5], [x - 6, y + 5]], color);
      if (mark.text) {
        const left = x > wide / 2;
        pen.text(left ? x - 12 : x + 12, y + 4, mark.text, ink.ink, { weight: 600, anchor: left ? "end" : "start" });
      }
    }
    if (this.cross) {
      const [x, y] = this.toScreen(this.cross);
      pen.line([[x - 12, y], [x + 12, y]], ink.accent, { width: 2 });
      pen.line([[x, y - 12], [x, y + 12]], ink.accent, { width: 2 });
    }
  }

  #loop(pen, corners, color, closed) {
    const at = corners.map((one) => this.toScreen(one));
    pen.line(closed ? [...at, at[0]] : at, color, { width: 1.6, dash: "5 3" });
  }

  #listen() {
    const { top } = this;
    let held = null;
    const place = (event) => {
      const box = top.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    top.addEventListener("pointerdown", (event) => {
      held = { from: place(event), last: place(event), moved: false };
      top.setPointerCapture(event.pointerId);
      this.cross = null;
      if (this.mode === "lasso" || this.mode === "box") this.corners = [this.toData(held.from)];
    });
    top.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (!held) { this.#hover(at); return; }
      if (Math.hypot(at[0] - held.from[0], at[1] - held.from[1]) > 3) held.moved = true;
      if (this.mode === "lasso") {
        if (Math.hypot(at[0] - held.last[0], at[1] - held.last[1]) > 4) { this.corners.push(this.toData(at)); held.last = at; }
      } else if (this.mode === "box") this.corners = this.#box(held.from, at);
      else if (held.moved) { this.#move(at[0] - held.last[0], at[1] - held.last[1]); held.last = at; }
      this.draw();
    });
    top.addEventListener("pointerup", (event) => {
      if (!held) return;
      const { moved } = held;
      held = null;
      if (this.mode === "lasso" || this.mode === "box") { this.#close(); return; }
      if (!moved) this.#act(place(event));
    });
    top.addEventListener("pointerleave", () => this.on.hover?.(-1));
    top.addEventListener("wheel", (event) => { event.preventDefault(); this.#zoom(2 ** (-event.deltaY / 300), place(event)); }, { passive: false });
    top.addEventListener("keydown", (event) => this.#key(event));
    top.addEventListener("blur", () => { this.cross = null; this.draw(); });
  }

  #box([x, y], [to, low]) {
    return [[x, y], [to, y], [to, low], [x, low], [x, y]].map((one) => this.toData(one));
  }

  #move(x, y) {
    this.view.x -= x / this.view.scale;
    this.view.y += y / this.view.scale;
    this.fitted = false;
  }

  #zoom(by, at) {
    const before = this.toData(at);
    this.view.scale *= by;
    const after = this.toData(at);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
    this.fitted = false;
    this.draw();
  }

  #close() {
    const corners = this.corners;
    this.corners = [];
    this.draw();
    if (corners.length >= 3) this.on.polygon?.(simple(corners));
  }

  #act(at) {
    if (this.mode === "place" || this.mode === "path") this.on.place?.(this.toData(at).map(rounded));
    else { const i = this.nearest(at, 14); if (i >= 0) this.on.pick?.(i); }
  }

  #hover(at) {
    const i = this.nearest(at, 8);
    if (i !== this.hovered) { this.hovered = i; this.on.hover?.(i, ...at); }
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const middle = [this.size[0] / 2, this.size[1] / 2];
    const at = this.cross ? this.toScreen(this.cross) : middle;
    if (event.key in steps) {
      const by = event.shiftKey ? 60 : 12;
      const to = steps[event.key].map((one, k) => Math.min(this.size[k] - 4, Math.max(4, at[k] + by * one)));
      this.cross = this.toData(to);
      const i = this.nearest(to, 14);
      if (i !== this.hovered) { this.hovered = i; this.on.hover?.(i, ...to); }
    } else if (event.key === "+" || event.key === "=") this.#zoom(1.25, at);
    else if (event.key === "-") this.#zoom(0.8, at);
    else if (event.key === "0") this.fit();
    else if (event.key === " ") {
      this.cross ||= this.toData(at);
      if (this.mode === "lasso" || this.mode === "box") this.corners.push(this.toData(at));
      else this.#act(at);
      this.said.textContent = this.corners.length ? `corner ${this.corners.length}` : "";
      if (this.mode === "box" && this.corners.length === 2) {
        this.corners = this.#box(...this.corners.map((one) => this.toScreen(one)));
        this.#close();
      }
    } else if (event.key === "Enter" && this.corners.length) this.#close();
    else if (event.key === "Escape") { this.corners = []; this.cross = null; this.on.escape?.(); } else return;
    event.preventDefault();
    this.draw();
  }

  /** Return the number of the nearest point that is shown within some pixels, or -1. */
  nearest(at, within) {
    if (!this.n) return -1;
    this.index ||= new Grid(this.points);
    const [x, y] = this.toData(at);
    return this.index.nearest(x, y, within / this.view.scale, this.flags);
  }

  /** Draw all of it to a pen of another size of letters: for files. */
  savePng() {
    this.#drawNow();
    const legend = this.legend?.() ?? [];
    const [wide, tall] = this.size;
    const side = legend.length ? 230 : 0;
    const high = Math.max(tall, 24 + 18 * legend.length);
    const canvas = h("canvas", { width: (wide + side) * 2, height: high * 2 });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    const ink = inks();
    context.fillStyle = ink.paper;
    context.fillRect(0, 0, wide + side, high);
    context.drawImage(this.gl_canvas, 0, 0, wide, tall);
    const pen = new CanvasPen(context);
    this.#drawTop(pen, ink);
    drawLegend(pen, legend, wide, ink);
    canvas.toBlob((blob) => this.on.save(`${this.name ?? "samples"}.png`, blob));
  }

  saveSvg() {
    const legend = this.legend?.() ?? [];
    const [wide, tall] = this.size;
    const pen = new SvgPen(wide + (legend.length ? 230 : 0), Math.max(tall, 24 + 18 * legend.length));
    const ink = inks();
    if (this.n > MOST_IN_SVG) {
      this.#drawNow();
      pen.add("image", { href: this.gl_canvas.toDataURL(), width: wide, height: tall });
    } else {
      for (let i = 0; i < this.n; i += 1) {
        if (this.flags[i] & 1 || Number.isNaN(this.points[2 * i])) continue;
        const [x, y] = this.toScreen([this.points[2 * i], this.points[2 * i + 1]]);
        if (x < 0 || y < 0 || x > wide || y > tall) continue;
        pen.add("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: this.pointSize / 2,
          fill: this.colors[this.levels[i]], "fill-opacity": this.flags[i] & 2 ? 0.22 : 1 });
      }
    }
    this.#drawTop(pen, ink);
    drawLegend(pen, legend, wide, ink);
    saveSvg(this.name ?? "samples", pen.root);
  }
}

function drawLegend(pen, legend, x, ink) {
  legend.forEach(([text, color], i) => {
    if (color) pen.circle(x + 12, 22 + 18 * i, 5, color);
    pen.text(x + 24, 26 + 18 * i, text.length > 30 ? `${text.slice(0, 29)}…` : text, ink.ink);
  });
}

const rounded = (value) => Number(value.toPrecision(6));

function ring(x, y, r) {
  return Array.from({ length: 25 }, (_, i) => [x + r * Math.cos((i * Math.PI) / 12), y + r * Math.sin((i * Math.PI) / 12)]);
}

/** Return a polygon of at most 120 corners. */
function simple(corners) {
  const every = Math.ceil(corners.length / 120);
  return corners.filter((_, i) => i % every === 0).map((one) => one.map((v) => Number(v.toPrecision(5))));
}

/** Points in squares, so that the nearest is found among few. */
class Grid {
  constructor(points) {
    const n = points.length / 2;
    this.points = points;
    this.side = Math.max(1, Math.min(1024, Math.round(Math.sqrt(n / 2))));
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < n; i += 1) {
      const [x, y] = [points[2 * i], points[2 * i + 1]];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    Object.assign(this, { left, low, wide: (right - left) / this.side || 1, tall: (high - low) / this.side || 1 });
    this.starts = new Uint32Array(this.side * this.side + 1);
    const square = new Int32Array(n);
    for (let i = 0; i < n; i += 1) {
      square[i] = Number.isNaN(points[2 * i]) ? -1 : this.#square(points[2 * i], points[2 * i + 1]);
      if (square[i] >= 0) this.starts[square[i] + 1] += 1;
    }
    for (let i = 0; i < this.side * this.side; i += 1) this.starts[i + 1] += this.starts[i];
    const next = this.starts.slice();
    this.order = new Uint32Array(n);
    for (let i = 0; i < n; i += 1) if (square[i] >= 0) { this.order[next[square[i]]] = i; next[square[i]] += 1; }
  }

  #column(x) { return Math.min(this.side - 1, Math.max(0, Math.floor((x - this.left) / this.wide))); }

  #row(y) { return Math.min(this.side - 1, Math.max(0, Math.floor((y - this.low) / this.tall))); }

  #square(x, y) { return this.#row(y) * this.side + this.#column(x); }

  nearest(x, y, within, flags) {
    let [best, least] = [-1, within * within];
    for (let row = this.#row(y - within); row <= this.#row(y + within); row += 1) {
      for (let column = this.#column(x - within); column <= this.#column(x + within); column += 1) {
        const square = row * this.side + column;
        for (let k = this.starts[square]; k < this.starts[square + 1]; k += 1) {
          const i = this.order[k];
          const far = (this.points[2 * i] - x) ** 2 + (this.points[2 * i + 1] - y) ** 2;
          if (far <= least && !(flags[i] & 1)) { best = i; least = far; }
        }
      }
    }
    return best;
  }
}
