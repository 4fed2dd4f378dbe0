/** HTML and SVG as text that is escaped wherever it is not markup already. */
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);

export class Markup {
  private constructor(readonly text: string) {}

  /** An element; children that are strings or numbers are text. */
  static of(name: string, attributes: Readonly<Record<string, string | number | undefined>>, ...children: readonly Child[]): Markup {
    const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
    const written = given.map(([key, value]) => ` ${key}="${escapeText(String(value))}"`).join("");
    return new Markup(`<${name}${written}>${children.map(render).join("")}</${name}>`);
  }

  /** A style sheet of the program's own, which no data reach. */
  static style(css: string): Markup {
    return new Markup(`<style>${css}</style>`);
  }
}

export type Child = Markup | string | number | readonly Child[] | undefined;

function render(child: Child): string {
  if (child === undefined) return "";
  if (child instanceof Markup) return child.text;
  return typeof child === "object" ? child.map(render).join("") : escapeText(String(child));
}

/** Two digits after the point at most, so that files stay small. */
export const short = (value: number): string => String(Math.round(value * 100) / 100);
