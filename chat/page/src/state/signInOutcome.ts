/** The outcome of a sign-in at a server, in the address at which the browser came back from there. */

const OUTCOMES = ["connected", "denied", "failed", "expired"] as const;

export interface SignInOutcome {
  server: string;
  outcome: (typeof OUTCOMES)[number];
}

/** Return the outcome, and take it out of the address: a reload must not show it again. */
export function takeSignInOutcome(): SignInOutcome | null {
  const query = new URLSearchParams(location.search);
  const outcome = OUTCOMES.find((one) => one === query.get("outcome"));
  if (!outcome) return null;
  history.replaceState({}, "", location.pathname);
  return { server: query.get("connection") ?? "", outcome };
}
