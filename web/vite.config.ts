import vue from "@vitejs/plugin-vue";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

// The pages: Vue for staff, plain TypeScript for candidates and phones, whose pages must stay small.
export default defineConfig({
  plugins: [vue()],
  build: {
    target: "es2022",
    rollupOptions: {
      input: {
        staff: resolve(root, "index.html"),
        candidate: resolve(root, "candidate.html"),
        phone: resolve(root, "phone.html"),
      },
    },
  },
});
