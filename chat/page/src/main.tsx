import "./page.css";

import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Broken } from "./parts/Broken";
import { loadInterface } from "./parts/Program";
import { prepareBrowser } from "./browser";
import { Page } from "./state/page";
import { language } from "./words";

/** Milliseconds after which the renderer is fetched even on a busy page, so that it is there for the first answer. */
const SOON = 2000;

prepareBrowser();
document.documentElement.lang = language;

const page = new Page();
const place = document.getElementById("root");
if (place) {
  createRoot(place).render(
    <Broken>
      <App page={page} />
    </Broken>,
  );
}
void page.start();

const soon = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, SOON));
soon(() => void loadInterface().catch(() => undefined), { timeout: SOON });
