/** Run a request and keep its problem in words, for the form that made it. */

import { useRef, useState } from "react";
import type { Page } from "../state/page";
import { words } from "../words";

export function useAttempt(page: Page) {
  const [problem, setProblem] = useState("");
  const running = useRef(new Set<string>());
  /** Run `work`; do nothing while an attempt of the same name runs, as after a double click. */
  const attempt = async (name: string, work: () => Promise<unknown>) => {
    if (running.current.has(name)) return;
    running.current.add(name);
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem(page.describe(error) || words.unreachable);
    } finally {
      running.current.delete(name);
    }
  };
  return { problem, attempt };
}
