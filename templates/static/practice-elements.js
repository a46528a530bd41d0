// Elements for what the practice pages draw: their looks are the stylesheet's.

const NS = "http://www.w3.org/2000/svg";

export function element(name, kind = "", words = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words) made.textContent = words;
  return made;
}

export function svg(kind, wide, tall) {
  const made = document.createElementNS(NS, "svg");
  made.setAttribute("class", kind);
  made.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
  made.setAttribute("preserveAspectRatio", "none");
  made.setAttribute("aria-hidden", "true");
  return made;
}

export function shape(kind, path) {
  const made = document.createElementNS(NS, "path");
  made.setAttribute("class", kind);
  made.setAttribute("d", path);
  return made;
}
