import "./page.css";

import { speak } from "@plain/js/wording.js";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { ErrorBoundary } from "./parts/ErrorBoundary";
import { prepareBrowser } from "./browser";
import { installWorker } from "./state/offline";
import { Page } from "./state/page";
import { language, words } from "./words";

prepareBrowser();
document.documentElement.lang = language;
document.documentElement.dir = words.direction;
speak(words.reply);

const page = new Page();
const container = document.getElementById("root");
if (container) {
  createRoot(container).render(
    <ErrorBoundary>
      <App page={page} />
    </ErrorBoundary>,
  );
}
void page.start();
// After the load: the worker's own requests must not delay the first paint. A browser that refuses it goes on without it.
addEventListener("load", () => void installWorker().catch(() => undefined));
