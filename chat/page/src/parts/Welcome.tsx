/** The start of a new chat: a greeting and suggested prompts, which together show what an answer can be. */

import "./Welcome.css";

import type { Page } from "../state/page";
import { words } from "../words";

/** An icon for each suggestion, in the order of the texts. */
const SHAPES = [
  "M5 19V11M11 19V5M17 19v-6M3 21h18",
  "M12 21s6-5.500 6-10.500a6 6 0 1 0-12 0C6 15.500 12 21 12 21zM12 12.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  "M5 4h14v16H5zM8.500 9h7M8.500 13h7M8.500 17h3",
  "M6 3.500h12v17H6zM9 7h6M9 11.500h.01M12 11.500h.01M15 11.500h.01M9 15h.01M12 15h.01M15 15v2.500",
  "M8.500 8L4.500 12l4 4M15.500 8l4 4-4 4M13.500 5l-3 14",
  "M5 6h14v14H5zM5 10.500h14M9 3.500v4M15 3.500v4M9.500 15l2 2 3.500-3.500",
  "M4 4h6v5H4zM14 15h6v5h-6zM7 9v8.500h7M10 6.500h7V15",
  "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.500 10.900V15.500h7v-1.600A6 6 0 0 0 12 3z",
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
