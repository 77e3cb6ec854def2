/** Import and export of chats, and the way to the account's own page. */

import { announce } from "@plain/js/announce.js";
import { useState } from "react";
import { importFile, UnreadableFile } from "../state/importFile";
import type { Page } from "../state/page";
import { words } from "../words";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export function DataSettings({ page }: { page: Page }) {
  const [state, setState] = useState("");
  const [busy, setBusy] = useState(false);
  const { problem, attempt } = useAttempt(page);
  const say = (text: string) => {
    setState(text);
    announce(text);
  };
  const bring = async (file: File) => {
    setBusy(true);
    setState("");
    await attempt("import", () => bringIn(page, file, say));
    setBusy(false);
    await page.threads.load();
  };
  return (
    <>
      <div className="field">
        <span id="import-title">{words.importChats}</span>
        <small>{words.importMore}</small>
        <div>
          <label className="chip file-choice">
            <span id="import-choice">{words.chooseFile}</span>
            <input
              type="file"
              accept=".json,application/json"
              aria-labelledby="import-title import-choice"
              disabled={busy}
              onChange={(event) => {
                const file = event.target.files?.[0];
                event.target.value = "";
                if (file) void bring(file);
              }}
            />
          </label>
        </div>
      </div>
      <ProblemLine problem={problem} />
      {state && <p id="imported">{state}</p>}
      <p className="actions">
        <a className="chip" href="/api/export" download>
          {words.exportAll}
        </a>
        <a className="chip" href="/settings/">
          {words.accountPage}
        </a>
      </p>
    </>
  );
}

async function bringIn(page: Page, file: File, say: (text: string) => void) {
  try {
    const result = await importFile(page.api, file, (done, count) => say(words.importing(done, count)));
    say(words.imported(result.threads.length, result.known));
  } catch (problem) {
    say("");
    throw problem instanceof UnreadableFile ? new Error(words.importUnreadable) : problem;
  }
}
