/** The refusal of a prompt at the end of a budget, in the reader's language: which budget, whose, and when more is free. */

import type { ProblemError } from "chat-client";
import { momentOf } from "../format";
import { words } from "../words";

/** The start of the names of quotas that rules set. */
const PREFIX = "rule_";

/** Return the words for a problem; undefined where it is no end of a rule's budget. */
export function budgetRefusal(problem: object): string | undefined {
  const { quota = "", problem: fields } = problem as Partial<ProblemError>;
  const name = quota.startsWith(PREFIX) ? (words.budgetNames as Record<string, string>)[quota.slice(PREFIX.length)] : undefined;
  if (!name || typeof fields?.renewsAt !== "string") return undefined;
  const origin = typeof fields.group === "string" ? words.budgetOfGroup(fields.group, false) : words.budgetSources.user;
  return [words.budgetUsedUp(name), origin, words.budgetRenews(momentOf(fields.renewsAt))].join(" ");
}
