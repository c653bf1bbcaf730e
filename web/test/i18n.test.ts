import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/i18n/catalogue";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|vue)$/.test(entry.name) && entry.name !== "catalogue.ts" ? [readFileSync(path, "utf8")] : [];
  });
}

describe("the catalogue", () => {
  it("has every text in both languages, with the same placeholders", () => {
    for (const [key, [zh, en]] of Object.entries(catalogue)) {
      expect(zh.trim(), key).not.toBe("");
      expect(en.trim(), key).not.toBe("");
      expect(placeholders(zh), key).toEqual(placeholders(en));
      if (key !== "language.switch" && key !== "app.name") {
        if (key !== "player.damage") expect(/[\u4e00-\u9fff]/.test(zh), `${key} is not Chinese`).toBe(true);
        expect(/[\u4e00-\u9fff]/.test(en), `${key} is not English`).toBe(false);
      }
    }
  });

  it("has nothing that no page uses", () => {
    const all = sources(join(__dirname, "../src")).join("\n");
    // Texts that are chosen at run time by the server's or the data's own words.
    const families = [...all.matchAll(/`([a-z.]+)\.\$\{/g)].map((m) => `${m[1]}.`);
    for (const key of Object.keys(catalogue)) {
      const used = all.includes(`"${key}"`) || all.includes(`'${key}'`) || families.some((family) => key.startsWith(family));
      expect(used, `${key} is not used`).toBe(true);
    }
  });
});
