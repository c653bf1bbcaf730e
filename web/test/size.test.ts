import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const dist = join(__dirname, "../dist");

/** The scripts that a page loads, what these import, and the workers that they start, by their built text. */
function scripts(page: string): Map<string, number> {
  const sizes = new Map<string, number>();
  const visit = (file: string) => {
    if (sizes.has(file)) return;
    const text = readFileSync(file, "utf8");
    sizes.set(file, gzipSync(text).length);
    for (const match of text.matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) visit(join(dirname(file), match[1]!));
    for (const match of text.matchAll(/new URL\("\/(assets\/[^"]+\.js)"/g)) visit(join(dist, match[1]!));
  };
  for (const match of readFileSync(join(dist, page), "utf8").matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)) visit(join(dist, match[1]!));
  return sizes;
}

describe.skipIf(!existsSync(join(dist, "assets")))("the pages that candidates load", () => {
  it.each([
    ["candidate.html", 150],
    ["phone.html", 120],
  ])("%s has at most %i kB of script, gzipped", (page, limit) => {
    const all = scripts(page);
    expect(all.size).toBeGreaterThan(0);
    // Capture's worker brings tus-js-client with it.
    expect([...all.keys()].some((file) => file.includes("worker"))).toBe(true);
    expect([...all.values()].reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(limit * 1000);
  });
});
