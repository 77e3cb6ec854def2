/** The reader's own instructions, which the model gets in every new chat. */

import { announce } from "@plain/js/announce.js";
import { useEffect, useState } from "react";
import type { Page } from "../state/page";
import { words } from "../words";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

/** Characters; at most four bytes each are below the server's limit of 8 KiB. */
const MAX_CHARACTERS = 2000;

export function InstructionSettings({ page }: { page: Page }) {
  const [text, setText] = useState<string | null>(null);
  const [saved, setSaved] = useState(false);
  const { problem, attempt } = useAttempt(page);

  useEffect(() => {
    void attempt("load", async () => {
      setText((await page.api.instructions()).instructions);
    });
  }, []);
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    void attempt("save", async () => {
      await page.api.setInstructions(text ?? "");
      setSaved(true);
      announce(words.saved);
    });
  };
  return (
    <form className="form" onSubmit={save}>
      <label className="field">
        <span>{words.instructions}</span>
        <textarea
          rows={6}
          dir="auto"
          maxLength={MAX_CHARACTERS}
          value={text ?? ""}
          disabled={text === null}
          onChange={(event) => {
            setText(event.target.value);
            setSaved(false);
          }}
        />
        <small>{words.instructionsMore}</small>
      </label>
      <ProblemLine problem={problem} />
      <div className="actions">
        <button type="submit" className="primary" disabled={text === null}>
          {saved ? words.saved : words.save}
        </button>
      </div>
    </form>
  );
}
