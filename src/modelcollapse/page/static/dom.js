// Making elements. Whatever comes from outside goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element of this id. */
export const byId = (id) => document.getElementById(id);

/** Make an HTML element: attributes, listeners (functions under `on...`), and children (nodes or text). */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Replace all children. */
export function put(node, ...children) {
  node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Change a text only where it differs, so that nothing is laid out or read out again for nothing. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A table one looks names up in that come from outside: without what every object inherits. */
export const lookup = (entries) => Object.assign(Object.create(null), entries);

let serial = 0;
/** An id of its own, for labels. */
export const fresh = (prefix) => `${prefix}-${++serial}`;

/** Call `work` at most once every `wait` milliseconds, the last call always. */
export function throttle(work, wait) {
  let timer = 0;
  let last = -Infinity;
  return (...values) => {
    clearTimeout(timer);
    const left = wait - (performance.now() - last);
    const go = () => {
      last = performance.now();
      work(...values);
    };
    if (left <= 0) go();
    else timer = setTimeout(go, left);
  };
}

/** Call `work` when calls have ceased for `wait` milliseconds. */
export function settle(work, wait) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Does the reader want as little motion as possible? */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Read something out to those who do not see it. */
export function say(text) {
  write(byId("say"), text);
}
