/** How the page is built. The server's builder says where it lies (CHAT_PAGE_BASE) and where it goes (CHAT_PAGE_OUT). */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, runnerImport } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** OpenUI's styles name a font that nobody ships; the page's own stands in, and nothing is fetched. */
const localFonts: Plugin = {
  name: "local-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("@openuidev") || !id.split("?")[0]?.endsWith(".css")) return null;
    return { code: code.replaceAll('"Inter", sans-serif', "var(--font)"), map: null };
  },
};

/** OpenUI's library whole is one file; piece by piece it takes its charts from a file of ours, which fetches them late. */
const lateCharts: Plugin = {
  name: "late-charts",
  enforce: "pre",
  resolveId(source, importer = "") {
    if (source === "@openuidev/react-ui/genui-lib") return here("node_modules/@openuidev/react-ui/dist/genui-lib/index.js");
    const wanted = source === "../../components/Charts" && importer.includes("/react-ui/dist/genui-lib/");
    return wanted ? here("src/openui/lateCharts.tsx") : null;
  },
};

/** What a model is told that writes for this page, for the server to send. */
const prompt: Plugin = {
  name: "prompt",
  async generateBundle() {
    const { module } = await runnerImport<{ prompt: string }>(here("src/openui/prompt.ts"), { configFile: false, root: here(".") });
    this.emitFile({ type: "asset", fileName: "openui-prompt.txt", source: module.prompt });
  },
};

/** Whose client draws the answers: ours with OpenUI, or for who asks for it Thesys' own. */
const c1 = process.env.CHAT_PAGE === "c1";

const ours = [
  { find: /^real-markdown$/, replacement: "react-markdown" },
  { find: /^react-markdown$/, replacement: here("src/openui/Markdown.tsx") },
  // Every language's grammar and two hundred themes for a few coloured words: ours is drawn plain.
  { find: /^react-syntax-highlighter$/, replacement: here("src/openui/Code.tsx") },
  { find: /^react-syntax-highlighter\/.*$/, replacement: here("src/openui/codeThemes.ts") },
];

export default defineConfig({
  base: process.env.CHAT_PAGE_BASE ?? "/page/dev/",
  plugins: [react(), localFonts, ...(c1 ? [] : [lateCharts, prompt])],
  html: { cspNonce: "__NONCE__" },
  resolve: {
    alias: [
      { find: "@plain", replacement: here("../static/chat") },
      { find: "@pane", replacement: here(c1 ? "src/c1/Pane.tsx" : "src/parts/Pane.tsx") },
      ...(c1 ? [] : ours),
    ],
  },
  build: {
    outDir: process.env.CHAT_PAGE_OUT ?? "dist",
    emptyOutDir: true,
    // A data: address for a small picture or font would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    target: "es2022",
  },
});
