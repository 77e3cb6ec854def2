/** The end of a request to a person, in a sentence for the page, for print and for copies. */

import { momentOf } from "../format";
import type { Ended } from "../state/requests";
import { toolWords } from "../state/toolNames";
import { words } from "../words";

/** Return the sentence; `user` is the name of the reader, whose own answers are not signed. */
export const outcomeOf = (ended: Ended, user: string): string => outcomeParts(ended, user).join(" · ");

/** Return the parts of the sentence, each with a direction of writing of its own. */
export function outcomeParts({ tool, outcome, answeredAt, answeredBy }: Ended, user: string): string[] {
  const by = answeredBy && answeredBy !== user ? words.requests.by(answeredBy) : "";
  const when = answeredAt ? momentOf(answeredAt) : "";
  return [words.requests.outcomes[outcome](toolWords(tool)), by, when].filter(Boolean);
}
