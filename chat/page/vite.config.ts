/** The page's build. The server's builder sets the base address (CHAT_PAGE_BASE) and the output folder (CHAT_PAGE_OUT). */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, runnerImport } from "vite";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** OpenUI's styles name a font that no package ships; the page's own font replaces it, and none is fetched. */
const localFonts: Plugin = {
  name: "local-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("@openuidev") || !id.split("?")[0]?.endsWith(".css")) return null;
    return { code: code.replaceAll('"Inter", sans-serif', "var(--font)"), map: null };
  },
};

/** Bundle OpenUI's library module by module instead of its single file, and replace its charts by lazy ones. */
const lazyCharts: Plugin = {
  name: "lazy-charts",
  enforce: "pre",
  resolveId(source, importer = "") {
    if (source === "@openuidev/react-ui/genui-lib") return pathOf("node_modules/@openuidev/react-ui/dist/genui-lib/index.js");
    const replaced = source === "../../components/Charts" && importer.includes("/react-ui/dist/genui-lib/");
    return replaced ? pathOf("src/openui/lazyCharts.tsx") : null;
  },
};

/** Emit the system prompts for models that write for this page; the server sends them. */
const prompt: Plugin = {
  name: "prompt",
  async generateBundle() {
    const { module } = await runnerImport<{ prompt: string; gatewayConfig: string }>(pathOf("src/openui/prompt.ts"), { configFile: false, root: pathOf(".") });
    this.emitFile({ type: "asset", fileName: "openui-prompt.txt", source: module.prompt });
    this.emitFile({ type: "asset", fileName: "openui-gateway.txt", source: module.gatewayConfig });
  },
};

/** True for a build with Thesys' own client, false for the default one with OpenUI. */
const c1 = process.env.CHAT_PAGE === "c1";

const ours = [
  { find: /^real-markdown$/, replacement: "react-markdown" },
  { find: /^react-markdown$/, replacement: pathOf("src/openui/Markdown.tsx") },
  // The package brings every language's grammar and two hundred themes; the page draws code in one colour.
  { find: /^react-syntax-highlighter$/, replacement: pathOf("src/openui/Code.tsx") },
  { find: /^react-syntax-highlighter\/.*$/, replacement: pathOf("src/openui/codeThemes.ts") },
];

export default defineConfig({
  base: process.env.CHAT_PAGE_BASE ?? "/page/dev/",
  plugins: [react(), localFonts, ...(c1 ? [] : [lazyCharts, prompt])],
  html: { cspNonce: "__NONCE__" },
  resolve: {
    alias: [
      { find: "@plain", replacement: pathOf("../static/chat") },
      { find: "@pane", replacement: pathOf(c1 ? "src/c1/Pane.tsx" : "src/parts/Pane.tsx") },
      ...(c1 ? [] : ours),
    ],
  },
  build: {
    outDir: process.env.CHAT_PAGE_OUT ?? "dist",
    emptyOutDir: true,
    // Inlined pictures and fonts would need data: in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    target: "es2022",
  },
});
