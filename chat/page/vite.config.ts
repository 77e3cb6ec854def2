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

/** Modules of OpenUI that are replaced by our own: the module's name, a part of its importer's path, and the replacement. */
const REPLACED = [
  ["../../components/Charts", "/react-ui/dist/genui-lib/", "src/openui/lazyCharts.tsx"],
  ["../utils/helperFn", "/DatePicker/helpers/components/FloatingDatePickerRenderer", "src/openui/dates.ts"],
  ["../../components/DatePicker", "/react-ui/dist/genui-lib/DatePicker/", "src/openui/DateField.tsx"],
  ["react-day-picker", "/react-ui/dist/components/Calendar/Calendar", "src/openui/DayPicker.tsx"],
] as const;

/** Bundle OpenUI's library module by module instead of its single file, with lazy charts and dates in the reader's language. */
const ownModules: Plugin = {
  name: "own-modules",
  enforce: "pre",
  resolveId(source, importer = "") {
    if (source === "@openuidev/react-ui/genui-lib") return pathOf("node_modules/@openuidev/react-ui/dist/genui-lib/index.js");
    const replaced = REPLACED.find(([name, place]) => name === source && importer.includes(place));
    return replaced ? pathOf(replaced[2]) : null;
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

/** KaTeX names each font in three formats; every browser that runs this page takes the first. */
const onlyWoff2: Plugin = {
  name: "only-woff2",
  enforce: "pre",
  transform(code, id) {
    if (!id.split("?")[0]?.endsWith("katex.min.css")) return null;
    return { code: code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)/g, ""), map: null };
  },
};

const ours = [
  { find: /^react-markdown$/, replacement: pathOf("src/openui/Markdown.tsx") },
  // The package brings every language's grammar and two hundred themes; the page draws code in one colour.
  { find: /^react-syntax-highlighter$/, replacement: pathOf("src/openui/Code.tsx") },
  { find: /^react-syntax-highlighter\/.*$/, replacement: pathOf("src/openui/codeThemes.ts") },
];

export default defineConfig({
  base: process.env.CHAT_PAGE_BASE ?? "/page/dev/",
  plugins: [react(), localFonts, onlyWoff2, ...(c1 ? [] : [ownModules, prompt])],
  html: { cspNonce: "__NONCE__" },
  resolve: {
    alias: [
      { find: "@plain", replacement: pathOf("../static/chat") },
      { find: "chat-client", replacement: pathOf("../clients/typescript/src/index.js") },
      { find: /^real-markdown$/, replacement: "react-markdown" },
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
    rollupOptions: {
      input: {
        index: pathOf("index.html"),
        docs: pathOf("docs.html"),
        diagram: pathOf("diagram.html"),
        ...(c1 ? {} : { answer: pathOf("answer.html"), shared: pathOf("src/shared.tsx") }),
      },
    },
    // The server renders the shared page, and finds its script by the source's name.
    manifest: "manifest.json",
  },
});
