import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The player alone, as one script and one style sheet with fixed names, to be put inside a page that plays from disk.
export default defineConfig({
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "dist/player",
    lib: {
      entry: fileURLToPath(new URL("src/player/standalone.ts", import.meta.url)),
      formats: ["iife"],
      name: "trivue",
      fileName: () => "player.js",
      cssFileName: "player",
    },
  },
});
