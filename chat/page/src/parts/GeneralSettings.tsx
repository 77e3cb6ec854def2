/** Language, colour scheme, and the model of new chats. */

import { recall, remember } from "@plain/js/storage.js";
import { useId, useState } from "react";
import { chooseLanguage, chosenLanguage } from "../state/language";
import type { Page } from "../state/page";
import { currentTheme, setTheme, type Theme, THEMES } from "../state/theme";
import { LANGUAGES, words } from "../words";
import { modelTitle } from "./models";

export function GeneralSettings({ page }: { page: Page }) {
  const [theme, change] = useState(currentTheme);
  const [model, choose] = useState(() => recall("defaultModel"));
  const name = useId();
  const setDefault = (chosen: string) => {
    remember("defaultModel", chosen);
    choose(chosen);
    if (chosen && page.conversation.threadId === null) page.choose(chosen);
  };
  return (
    <>
      <label className="field">
        <span>{words.language}</span>
        <select value={chosenLanguage()} onChange={(event) => chooseLanguage(event.target.value)}>
          <option value="">{words.languageOfBrowser}</option>
          {Object.entries(LANGUAGES).map(([tag, own]) => (
            <option key={tag} value={tag} lang={tag}>
              {own}
            </option>
          ))}
        </select>
      </label>
      <fieldset className="field themes">
        <legend>{words.theme}</legend>
        {THEMES.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name={name}
              checked={theme === one}
              onChange={() => {
                setTheme(one);
                change(one);
              }}
            />
            {words.themes[one as Theme]}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{words.defaultModel}</span>
        <select value={model} onChange={(event) => setDefault(event.target.value)}>
          <option value="">{words.lastModel}</option>
          {page.models.map((one) => (
            <option key={one} value={one}>
              {modelTitle(page, one)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
