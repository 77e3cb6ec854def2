/** The start of a new chat: a greeting and suggested prompts, which together show what an answer can be. */

import "./Welcome.css";

import type { Page } from "../state/page";
import { words } from "../words";

/** An icon for each suggestion, in the order of the texts. */
const SHAPES = [
  "M5 19V11M11 19V5M17 19v-6M3 21h18",
  "M5 4h14v16H5zM8.500 9h7M8.500 13h7M8.500 17h3",
  "M8.500 8L4.500 12l4 4M15.500 8l4 4-4 4M13.500 5l-3 14",
  "M17 5H7l6 7-6 7h10",
  "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.500 10.900V15.500h7v-1.600A6 6 0 0 0 12 3z",
  "M5 6h14v14H5zM5 10.500h14M9 3.500v4M15 3.500v4M9.500 15l2 2 3.500-3.500",
  "M6 3.500h8l4 4v13H6zM14 3.500v4h4M9 12h6M9 15.500h6",
  "M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14",
];

export function Welcome({ page }: { page: Page }) {
  return (
    <section id="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">{words.welcome}</h2>
      <p>{words.welcomeMore}</p>
      <div id="suggestions">
        {words.suggestions.map(([say, detail], index) => (
          <button key={say} type="button" onClick={() => page.conversation.say(say)}>
            <svg className="shape" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
              <path d={SHAPES[index] ?? SHAPES[2]} />
            </svg>
            <strong dir="auto">{say}</strong>
            <span>{detail}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
