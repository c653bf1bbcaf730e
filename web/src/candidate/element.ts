// Elements out of code. Text is only ever set as text: what comes from a server or a person cannot become markup.

export type Child = Node | string | null | undefined | false;

export type Attributes = {
  class?: string;
  /** data-… attributes. */
  data?: Record<string, string>;
  /** Listeners, by the event's name. */
  on?: Record<string, (event: Event) => void>;
} & Record<string, unknown>;

/** Makes an element: attributes that are true are empty, false or null are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [type, listener] of Object.entries(value as Record<string, (event: Event) => void>)) made.addEventListener(type, listener);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return made;
}

/** A button that does one thing, and cannot be pressed again while that is being done. */
export function button(label: string, press: () => unknown, attributes: Attributes = {}): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", () => {
    const doing = press();
    if (!(doing instanceof Promise)) return;
    made.setAttribute("aria-busy", "true");
    made.disabled = true;
    void doing.finally(() => {
      made.removeAttribute("aria-busy");
      made.disabled = false;
    });
  });
  return made;
}

/** Sets a text where it has changed: a live region is read out at every setting. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node: HTMLElement, visible: boolean): void {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Puts children in where they are others than those that are there. */
export function setChildren(node: HTMLElement, ...children: Child[]): void {
  node.replaceChildren(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
}
