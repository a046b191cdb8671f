// Pictures of few things: drawn once, to the page as SVG, and to files as SVG or PNG.

import { button, h, save } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const FONT = "system-ui, sans-serif";

/** Return the colours of the page, light or dark. */
export function inks() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["ink", "muted", "line", "paper", "accent", "warm"].map(
    (name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

class SvgPen {
  constructor(width, height) {
    this.root = document.createElementNS(SVG, "svg");
    this.set(this.root, { viewBox: `0 0 ${width} ${height}`, width, height, xmlns: SVG });
  }

  set(element, properties) {
    for (const [name, value] of Object.entries(properties)) {
      if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
  }

  add(tag, properties, text, title) {
    const made = document.createElementNS(SVG, tag);
    this.set(made, properties);
    if (text !== undefined) made.textContent = text;
    if (title) {
      const said = document.createElementNS(SVG, "title");
      said.textContent = title;
      made.append(said);
    }
    this.root.append(made);
  }

  rect(x, y, width, height, fill, title) {
    this.add("rect", { x, y, width, height, fill }, undefined, title);
  }

  circle(cx, cy, r, fill, { stroke, title } = {}) {
    this.add("circle", { cx, cy, r, fill, stroke }, undefined, title);
  }

  line(points, stroke, { width = 1, dash } = {}) {
    const at = points.map((point) => point.map((v) => v.toFixed(2)).join(",")).join(" ");
    this.add("polyline", { points: at, fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash });
  }

  shape(points, fill) {
    this.add("polygon", { points: points.map((point) => point.join(",")).join(" "), fill });
  }

  text(x, y, text, fill, { anchor = "start", size = 12, rotate = 0, weight = 400 } = {}) {
    const transform = rotate ? `rotate(${rotate} ${x} ${y})` : null;
    this.add("text", { x, y, fill, "text-anchor": anchor, "font-size": size, "font-family": FONT,
      "font-weight": weight, transform }, text);
  }
}

/** Draws what SvgPen draws, on a canvas. */
export class CanvasPen {
  constructor(context) {
    this.to = context;
  }

  rect(x, y, width, height, fill) {
    this.to.fillStyle = fill;
    this.to.fillRect(x, y, width, height);
  }

  circle(x, y, r, fill, { stroke } = {}) {
    this.to.beginPath();
    this.to.arc(x, y, r, 0, 2 * Math.PI);
    this.to.fillStyle = fill;
    this.to.fill();
    if (stroke) { this.to.strokeStyle = stroke; this.to.lineWidth = 1; this.to.stroke(); }
  }

  line(points, stroke, { width = 1, dash } = {}) {
    this.to.beginPath();
    points.forEach(([x, y], i) => (i ? this.to.lineTo(x, y) : this.to.moveTo(x, y)));
    this.to.strokeStyle = stroke;
    this.to.lineWidth = width;
    this.to.setLineDash(dash ? dash.split(" ").map(Number) : []);
    this.to.stroke();
  }

  shape(points, fill) {
    this.to.beginPath();
    points.forEach(([x, y], i) => (i ? this.to.lineTo(x, y) : this.to.moveTo(x, y)));
    this.to.fillStyle = fill;
    this.to.fill();
  }

  text(x, y, text, fill, { anchor = "start", size = 12, rotate = 0, weight = 400 } = {}) {
    this.to.save();
    this.to.translate(x, y);
    this.to.rotate((rotate * Math.PI) / 180);
    this.to.font = `${weight} ${size}px ${FONT}`;
    this.to.fillStyle = fill;
    this.to.textAlign = anchor === "middle" ? "center" : anchor;
    this.to.fillText(text, 0, 0);
    this.to.restore();
  }
}

/** Return how wide pictures are: narrower on a phone, where letters keep their size. */
export const wide = () => Math.max(320, Math.min(640, innerWidth - 34));

/** Return a figure. `draw(pen, inks)` draws it; `label` says what it shows. */
export function picture({ width, height, draw, name, label }) {
  const holder = h("div", { class: "drawn", role: "img", "aria-label": label });
  const drawn = () => {
    const pen = new SvgPen(width, height);
    draw(pen, inks());
    return pen.root;
  };
  const show = () => holder.replaceChildren(drawn());
  show();
  const element = h("figure", { class: "picture" }, holder, h("div", { class: "bar" }, h("span"),
    h("span", {},
      button("Save PNG", () => png()),
      button("Save SVG", () => saveSvg(name, drawn())))));
  function png() {
    const canvas = h("canvas", { width: 2 * width, height: 2 * height });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    const of = inks();
    context.fillStyle = of.paper;
    context.fillRect(0, 0, width, height);
    draw(new CanvasPen(context), of);
    canvas.toBlob((blob) => save(`${name}.png`, blob));
  }
  document.addEventListener("theme", function again() {
    if (element.isConnected) show();
    else document.removeEventListener("theme", again);
  });
  return element;
}

/** Save an SVG element, on the paper of the page. */
export function saveSvg(name, svg) {
  const ground = document.createElementNS(SVG, "rect");
  for (const [of, value] of [["width", "100%"], ["height", "100%"], ["fill", inks().paper]]) ground.setAttribute(of, value);
  svg.prepend(ground);
  save(`${name}.svg`, new XMLSerializer().serializeToString(svg), "image/svg+xml");
}

export { SvgPen };

/** Return a picture of named points in a plane, each of some colours. */
export function pointsPicture({ points, names, colors, axes, name, label, arrows = [], big = [], legend = [], centre = null, width = wide() }) {
  const height = Math.round(width * 0.72) + 22 * Math.ceil(legend.length / 3);
  const all = centre ? [...points, centre] : points;
  const of = (k) => all.map((point) => point[k]);
  const ends = [0, 1].map((k) => [Math.min(...of(k)), Math.max(...of(k))]);
  const top = 16 + 22 * Math.ceil(legend.length / 3);
  const room = [width - 120, height - top - 50];
  const scale = Math.min(room[0] / (ends[0][1] - ends[0][0] || 1), room[1] / (ends[1][1] - ends[1][0] || 1));
  const middle = ends.map(([a, b]) => (a + b) / 2);
  const at = ([x, y]) => [
    width / 2 - 20 + (x - middle[0]) * scale, top + room[1] / 2 + 8 - (y - middle[1]) * scale];
  return picture({ width, height, name, label, draw(pen, ink) {
    legend.forEach(([text, color], i) => {
      const x = 14 + (i % 3) * Math.floor((width - 20) / 3);
      const y = 16 + 22 * Math.floor(i / 3);
      pen.circle(x, y - 4, 5, color);
      pen.text(x + 10, y, short(text, 26), ink.ink, { size: 12 });
    });
    for (const [from, to, faint] of arrows) arrow(pen, at(from), at(to), faint ? ink.line : ink.muted, !faint);
    if (centre) { const [x, y] = at(centre); pen.rect(x - 5, y - 5, 10, 10, ink.ink, "the sum"); }
    const boxes = centre ? [box(at(centre), 14, 14)] : [];
    const along = arrows.flatMap(([from, to]) => {
      const [[x, y], [right, low]] = [at(from), at(to)];
      const n = Math.ceil(Math.hypot(right - x, low - y) / 6);
      return Array.from({ length: n }, (_, i) => box([x + ((right - x) * i) / n, y + ((low - y) * i) / n], 4, 4));
    });
    points.forEach((point, i) => {
      const [x, y] = at(point);
      const of = [].concat(colors[i]);
      of.forEach((color, k) => pen.circle(x + k * 4, y, big[i] ? 7 : 5, color, { stroke: ink.paper, title: names[i] }));
      boxes.push(box([x, y], 10, 10));
    });
    points.forEach((point, i) => {
      const [x, y] = at(point);
      const text = short(names[i], 24);
      const long = text.length * 7.4;
      const places = [[x + 9, y + 4], [x - 9 - long, y + 4], [x - long / 2, y - 9], [x - long / 2, y + 18]];
      const clear = (of) => places.find(([left, low]) => left > 2 && left + long < width - 2
        && !of.some((one) => meets(one, [left, low - 10, left + long, low + 2])));
      const free = clear([...boxes, ...along]) ?? clear(boxes);
      if (!free) return;
      boxes.push([free[0], free[1] - 10, free[0] + long, free[1] + 2]);
      pen.text(free[0], free[1], text, ink.ink, { size: 12 });
    });
    if (axes) {
      pen.text(width / 2, height - 8, axes[0], ink.muted, { anchor: "middle" });
      pen.text(14, top + room[1] / 2, axes[1], ink.muted, { anchor: "middle", rotate: -90 });
    }
  } });
}

const box = ([x, y], w, h2) => [x - w / 2, y - h2 / 2, x + w / 2, y + h2 / 2];
const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
export const short = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);

function arrow(pen, [x, y], [to, low], color, head) {
  pen.line([[x, y], [to, low]], color, { width: head ? 1.6 : 1 });
  if (!head) return;
  const angle = Math.atan2(low - y, to - x);
  const side = (by) => [to - 9 * Math.cos(angle + by), low - 9 * Math.sin(angle + by)];
  pen.shape([[to, low], side(0.4), side(-0.4)], color);
}

/** Return blue, paper and red for a value from -1 to 1. */
export function diverging(value) {
  const dark = document.documentElement.matches("[data-theme=dark]")
    || (matchMedia("(prefers-color-scheme: dark)").matches && !document.documentElement.matches("[data-theme=light]"));
  const paper = dark ? [30, 34, 40] : [247, 247, 247];
  const end = value < 0 ? [33, 102, 172] : [178, 24, 43];
  const part = Math.min(1, Math.abs(value || 0));
  return `rgb(${paper.map((p, i) => Math.round(p + (end[i] - p) * part)).join(",")})`;
}
