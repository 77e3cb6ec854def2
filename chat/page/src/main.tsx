import "./page.css";

import { speak } from "@plain/js/wording.js";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Broken } from "./parts/Broken";
import { prepareBrowser } from "./browser";
import { Page } from "./state/page";
import { language, words } from "./words";

prepareBrowser();
document.documentElement.lang = language;
document.documentElement.dir = words.direction;
speak(words.reply);

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
