// Two pages, each with its own bundle; every asset under a name that carries the hash of its bytes.
//
// `npm run dev` serves the sources and passes /graphql on to a running streamgauge.

import { defineConfig } from "vite";

const server = process.env["STREAMGAUGE_ADDRESS"] ?? "127.0.0.1:4000";

export default defineConfig({
  appType: "mpa",
  // Relative, so that the page works under whatever path a proxy puts it.
  base: "./",
  build: {
    target: "es2022",
    // The policy allows images from data: URLs, but a script or a font in one would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: ["index.html", "explorer.html"],
      // "use client" means nothing outside of a server that renders.
      checks: { moduleLevelDirective: false },
    },
    chunkSizeWarningLimit: 2_000,
  },
  server: {
    proxy: {
      "/graphql": { target: `http://${server}`, ws: true },
    },
  },
});
