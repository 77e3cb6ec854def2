/** Tokens of programs: make one, copy it the only time that it is shown, revoke. */

import { useEffect, useState } from "react";
import { dayOf } from "../format";
import type { Token } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { copy } from "./copy";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

const SCOPES: Token["scopes"] = ["read", "send", "manage"];
// Days for which a new token is valid; 0: without an end.
const DAYS = [30, 90, 365, 0];

/** Return the time in so many days; null for 0. */
function endAfter(days: number): string | null {
  return days ? new Date(Date.now() + days * 86_400_000).toISOString() : null;
}

export function TokenSettings({ page }: { page: Page }) {
  const [tokens, setTokens] = useState<Token[]>([]);
  const [made, setMade] = useState("");
  const { problem, attempt } = useAttempt(page);
  const load = async () => setTokens((await page.api.tokens()).tokens);

  useEffect(() => void attempt("load", load), []);
  if (page.session?.guest) return <p className="note">{words.tokensOfAccounts}</p>;

  const make = (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    void attempt("make", async () => {
      const given = new FormData(form);
      const limits = { scopes: given.getAll("scopes").map(String) as Token["scopes"], expiresAt: endAfter(Number(given.get("days"))) };
      setMade((await page.api.createToken(String(given.get("name")), limits)).token);
      form.reset();
      await load();
    });
  };
  const revoke = (token: Token) =>
    attempt(token.id, async () => {
      await page.api.deleteToken(token.id);
      await load();
    });

  return (
    <>
      <p className="note">{words.tokensMore}</p>
      <ProblemLine problem={problem} />
      {made && <NewToken token={made} />}
      <ul className="shares">
        {tokens.map((token) => (
          <li key={token.id}>
            <strong dir="auto">{token.name}</strong>
            <span className="note">
              {token.scopes.map((scope) => words.scopeNames[scope]).join(", ")}
              {`, ${words.sharedOn(dayOf(token.createdAt))}`}
              {token.expiresAt && `, ${words.expires(dayOf(token.expiresAt))}`}
            </span>
            <span className="actions">
              <button type="button" className="chip" aria-label={words.revokeToken(token.name)} onClick={() => void revoke(token)}>
                {words.revoke}
              </button>
            </span>
          </li>
        ))}
      </ul>
      <form className="form" onSubmit={make}>
        <label className="field">
          <span>{words.tokenName}</span>
          <input name="name" required maxLength={100} autoComplete="off" dir="auto" />
        </label>
        <fieldset className="field">
          <legend>{words.tokenScopes}</legend>
          {SCOPES.map((scope) => (
            <label key={scope}>
              <input type="checkbox" name="scopes" value={scope} defaultChecked />{" "}
              {`${words.scopeNames[scope]}: ${words.scopesMore[scope]}`}
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>{words.tokenDays}</span>
          <select name="days" defaultValue={90}>
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {words.daysOfToken[days]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="primary">
          {words.makeToken}
        </button>
      </form>
    </>
  );
}

function NewToken({ token }: { token: string }) {
  return (
    <div className="new-token" role="status">
      <p>{words.tokenOnce}</p>
      <code dir="ltr">{token}</code>
      <button type="button" className="chip" onClick={() => void copy(token)}>
        {words.copy}
      </button>
    </div>
  );
}
