// Draw Markdown as the page does, without a browser: reads a JSON list of [text, running] and writes a list of HTML.
// Arguments: the folder of the page's sources with its installed packages.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const page = process.argv[2];
const require = createRequire(join(page, "package.json"));
const { build } = require("esbuild");

const ENTRY = `
  import { createElement } from "react";
  import { renderToStaticMarkup } from "react-dom/server";
  import Document from "./src/prose/Document.tsx";
  export const draw = (text, running) => renderToStaticMarkup(createElement(Document, { text, running }));
`;

/** Replace what only Vite understands: the alias of the package, the page's scripts, and the choice of the language. */
const asVite = {
  name: "as-vite",
  setup({ onResolve }) {
    onResolve({ filter: /^real-markdown$/ }, () => ({ path: require.resolve("react-markdown") }));
    onResolve({ filter: /^@plain\// }, ({ path }) => ({ path: join(page, "..", "static", "chat", path.slice("@plain/".length)) }));
    onResolve({ filter: /\/words$/ }, () => ({ path: join(page, "src", "words", "en.ts") }));
  },
};

const bundle = await build({
  stdin: { contents: ENTRY, resolveDir: page, loader: "js" },
  bundle: true, write: false, format: "esm", platform: "node", jsx: "automatic", target: "node20",
  loader: { ".css": "empty", ".woff2": "empty", ".woff": "empty", ".ttf": "empty" },
  define: { "process.env.NODE_ENV": '"production"', "import.meta.env.BASE_URL": '"/"' },
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  plugins: [asVite], logLevel: "error",
});
const file = join(page, "prose-test.mjs");
writeFileSync(file, bundle.outputFiles[0].text);
const { draw } = await import(file);
const texts = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(texts.map(([text, running]) => draw(text, running))));
