// Drawings of the page, as SVG: where the phone stands, and what it should see from there.

const namespace = "http://www.w3.org/2000/svg";

type Shape = [name: string, attributes: Record<string, string | number>, text?: string];

export function drawing(viewBox: string, attributes: Record<string, string>, shapes: Shape[]): SVGElement {
  const svg = document.createElementNS(namespace, "svg");
  for (const [key, value] of Object.entries({ viewBox, ...attributes })) svg.setAttribute(key, value);
  for (const [name, values, text] of shapes) {
    const made = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, String(value));
    if (text) made.textContent = text;
    svg.append(made);
  }
  return svg;
}

export const mark = (): SVGElement => drawing("0 0 32 32", { "aria-hidden": "true" }, [["rect", { width: 32, height: 32, rx: 7 }], ["path", { d: "M7 9h18M7 16h18M7 23h18" }]]);

export const warning = (): SVGElement =>
  drawing("0 0 64 64", { class: "warning-mark", "aria-hidden": "true" }, [["path", { d: "M32 7 60 56H4Z" }], ["path", { class: "stroke", d: "M32 25v14" }], ["circle", { cx: 32, cy: 47, r: 2.6 }]]);

export interface Labels {
  title: string;
  laptop: string;
  you: string;
  phone: string;
}

/** From above: desk and laptop, the candidate, and the phone behind at 45° with what it sees. */
export function fromAbove(labels: Labels): SVGElement {
  return drawing("0 0 200 190", { class: "figure", role: "img", "aria-label": labels.title }, [
    ["path", { class: "view", d: "M168 162 20 78 L92 12 Z" }],
    ["rect", { class: "desk", x: 26, y: 20, width: 112, height: 46, rx: 6 }],
    ["path", { class: "laptop", d: "M62 34h40v5H62zM58 42h48l4 16H54z" }],
    ["path", { class: "chair", d: "M62 112a20 20 0 0 1 40 0v4a20 20 0 0 1-40 0z" }],
    ["path", { class: "person", d: "M54 100c0-12 12-18 28-18s28 6 28 18c0 8-12 11-28 11s-28-3-28-11z" }],
    ["circle", { class: "head", cx: 82, cy: 94, r: 11 }],
    ["path", { class: "axis", d: "M82 124v48" }],
    ["path", { class: "axis", d: "M82 94 150 156" }],
    ["path", { class: "arc", d: "M82 152a58 58 0 0 0 40-21" }],
    ["text", { class: "angle", x: 104, y: 166, "text-anchor": "middle" }, "45°"],
    ["rect", { class: "phone", x: 151, y: 158, width: 30, height: 9, rx: 3, transform: "rotate(-42 166 162)" }],
    ["text", { x: 82, y: 14, "text-anchor": "middle" }, labels.laptop],
    ["text", { x: 44, y: 106, "text-anchor": "end" }, labels.you],
    ["text", { class: "strong", x: 164, y: 186, "text-anchor": "middle" }, labels.phone],
  ]);
}

/** What the phone should see: the candidate from behind at the side, both hands, the desk and the screen. */
export function fromPhone(title: string): SVGElement {
  return drawing("0 0 200 190", { class: "figure picture-frame", role: "img", "aria-label": title }, [
    ["rect", { class: "wall", x: 14, y: 6, width: 172, height: 178, rx: 10 }],
    ["path", { class: "desk", d: "M14 118 L186 92 V126 L14 160z" }],
    ["path", { class: "laptop", d: "M28 66 84 58 90 108 34 117z" }],
    ["path", { class: "screen", d: "M33 71 80 64 85 104 38 111z" }],
    ["path", { class: "laptop", d: "M34 117 90 108 112 117 52 128z" }],
    ["path", { class: "person", d: "M104 184c-4-46 2-70 34-74 30-3 46 18 46 74z" }],
    ["path", { class: "arm", d: "M120 126c-10 12-26 14-42 0" }],
    ["path", { class: "neck", d: "M130 96h18v18h-18z" }],
    ["path", { class: "head", d: "M117 74c0-17 10-27 24-27s24 11 24 27-11 28-24 28-24-12-24-28z" }],
    ["path", { class: "hair", d: "M125 55c6-9 30-11 38 4 6 12 2 32-8 38-3-10 0-20-8-27-6-6-16-5-22-15z" }],
  ]);
}

/** The parts of the ring around the picture of the pan: the first one is at the top. */
export function ring(parts: number): { element: SVGElement; parts: SVGElement[]; hand: SVGElement } {
  const svg = drawing("-100 -100 200 200", { class: "ring", "aria-hidden": "true" }, []);
  const slices = Array.from({ length: parts }, (_, n) => {
    const line = document.createElementNS(namespace, "path");
    const angle = (edge: number) => ((edge / parts) * 2 - 0.5) * Math.PI;
    const [from, to] = [angle(n + 0.12), angle(n + 0.88)];
    const at = (a: number) => `${(93 * Math.cos(a)).toFixed(2)} ${(93 * Math.sin(a)).toFixed(2)}`;
    line.setAttribute("d", `M${at(from)}A93 93 0 0 1 ${at(to)}`);
    return line;
  });
  const hand = document.createElementNS(namespace, "circle");
  hand.setAttribute("class", "hand");
  hand.setAttribute("r", "6");
  hand.setAttribute("cy", "-93");
  svg.append(...slices, hand);
  return { element: svg, parts: slices, hand };
}
