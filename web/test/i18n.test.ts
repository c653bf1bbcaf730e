import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/i18n/catalogue";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

/** Values and punctuation alone, alike in both. */
const neutral = ["player.damage", "devices.cameraIs", "devices.microphoneIs", "frame.and", "frame.comma"];

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === "catalogue" ? [] : sources(path);
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
        if (!neutral.includes(key)) expect(/[\u4e00-\u9fff]/.test(zh), `${key} is not Chinese`).toBe(true);
        expect(/[\u4e00-\u9fff]/.test(en), `${key} is not English`).toBe(false);
      }
    }
  });

  it("has no name twice: the second would silently take the place of the first", () => {
    const parts = readdirSync(join(__dirname, "../src/i18n/catalogue")).map((name) => `catalogue/${name}`);
    const files = ["catalogue.ts", ...parts].map((name) => readFileSync(join(__dirname, "../src/i18n", name), "utf8"));
    const written = files.flatMap((text) => [...text.matchAll(/^ {2}"([\w.-]+)": \[/gm)].map((m) => m[1]));
    expect(written.filter((key, n) => written.indexOf(key) !== n)).toEqual([]);
    expect(written).toHaveLength(Object.keys(catalogue).length);
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
