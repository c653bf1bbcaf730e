// Markdown into elements. What the text says becomes text: HTML in it is shown as it stands, and links go to web addresses only.

import { lexer, type Token, type Tokens } from "marked";
import { element } from "./element";

export function markdown(source: string): HTMLElement {
  return element("div", { class: "prose" }, ...blocks(lexer(source, { gfm: true, breaks: true })));
}

function blocks(tokens: Token[]): Node[] {
  return tokens.flatMap((token): Node[] => {
    switch (token.type) {
      case "space":
      case "def":
        return [];
      case "heading":
        // The page's own headings are above it.
        return [element(`h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as "h3", {}, ...inline(token.tokens))];
      case "paragraph":
        return [element("p", {}, ...inline(token.tokens))];
      case "blockquote":
        return [element("blockquote", {}, ...blocks(token.tokens ?? []))];
      case "code":
        return [element("pre", {}, element("code", {}, (token as Tokens.Code).text))];
      case "hr":
        return [element("hr")];
      case "list":
        return [list(token as Tokens.List)];
      case "table":
        return [table(token as Tokens.Table)];
      case "text":
        return token.tokens ? inline(token.tokens) : [document.createTextNode((token as Tokens.Text).text)];
      default:
        return [element("p", {}, token.raw)];
    }
  });
}

function list(token: Tokens.List): HTMLElement {
  const items = token.items.map((item) => element("li", {}, ...blocks(item.tokens)));
  return token.ordered ? element("ol", { start: token.start === "" ? 1 : token.start }, ...items) : element("ul", {}, ...items);
}

function table(token: Tokens.Table): HTMLElement {
  const row = (cells: Tokens.TableCell[], tag: "th" | "td") => element("tr", {}, ...cells.map((cell) => element(tag, {}, ...inline(cell.tokens))));
  return element("table", {}, element("thead", {}, row(token.header, "th")), element("tbody", {}, ...token.rows.map((cells) => row(cells, "td"))));
}

function inline(tokens: Token[] = []): Node[] {
  return tokens.map((token): Node => {
    switch (token.type) {
      case "strong":
        return element("strong", {}, ...inline(token.tokens));
      case "em":
        return element("em", {}, ...inline(token.tokens));
      case "del":
        return element("s", {}, ...inline(token.tokens));
      case "codespan":
        return element("code", {}, (token as Tokens.Codespan).text);
      case "br":
        return element("br");
      case "link":
        return link(token as Tokens.Link);
      case "image":
        return image(token as Tokens.Image);
      case "text":
        return token.tokens ? element("span", {}, ...inline(token.tokens)) : document.createTextNode(token.text as string);
      case "escape":
        return document.createTextNode(token.text as string);
      default:
        return document.createTextNode(token.raw);
    }
  });
}

function link(token: Tokens.Link): Node {
  if (!/^https?:\/\//i.test(token.href)) return element("span", {}, ...inline(token.tokens));
  return element("a", { href: token.href, target: "_blank", rel: "noopener noreferrer" }, ...inline(token.tokens));
}

/** A picture that the text brings with it; one from elsewhere would tell others who reads it and when. */
function image(token: Tokens.Image): Node {
  if (!/^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(token.href)) return document.createTextNode(token.text);
  return element("img", { src: token.href, alt: token.text });
}
