import "./page.css";

import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Broken } from "./parts/Broken";
import { prepareBrowser } from "./browser";
import { Page } from "./state/page";
import { language } from "./words";

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
