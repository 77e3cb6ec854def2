/** What is left of the reader's budgets, which rule sets each, and when more is free. */

import { useEffect, useState } from "react";
import { amountOf, momentOf } from "../format";
import type { Budget } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export function BudgetSettings({ page }: { page: Page }) {
  const [budgets, setBudgets] = useState(page.session?.budgets ?? []);
  const { problem, attempt } = useAttempt(page);

  // The page's session is as old as the page.
  useEffect(() => void attempt("load", async () => setBudgets((await page.api.session()).budgets ?? [])), []);
  return (
    <>
      <p className="note">{words.budgetsMore}</p>
      <ProblemLine problem={problem} />
      <ul className="budgets">
        {budgets.map((one) => (
          <BudgetRow key={`${one.budget} ${one.source}`} budget={one} />
        ))}
      </ul>
    </>
  );
}

function BudgetRow({ budget }: { budget: Budget }) {
  const { limit, spent, currency, group, source, shared, renewsAt } = budget;
  const left = words.budgetLeft(amountOf(Math.max(0, limit - spent), currency), amountOf(limit, currency));
  const origin = group === null ? words.budgetSources[source] : words.budgetOfGroup(group, shared);
  return (
    <li>
      <strong>{words.budgetNames[budget.budget]}</strong>
      <meter aria-label={words.budgetNames[budget.budget]} min={0} max={limit} value={Math.max(0, limit - spent)}>
        {left}
      </meter>
      <span>{left}</span>
      <span className="note" dir="auto">
        {renewsAt ? `${words.budgetRenews(momentOf(renewsAt))} ${origin}` : origin}
      </span>
    </li>
  );
}
