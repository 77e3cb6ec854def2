/** The start of a new chat: a greeting and suggested prompts. */

import type { Page } from "../state/page";
import { words } from "../words";

export function Welcome({ page }: { page: Page }) {
  return (
    <section id="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">{words.welcome}</h2>
      <p>{words.welcomeMore}</p>
      <div id="suggestions">
        {words.suggestions.map(([say, detail]) => (
          <button key={say} type="button" onClick={() => page.conversation.say(say)}>
            <strong>{say}</strong>
            <span>{detail}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
