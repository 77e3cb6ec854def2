/** Tokens of programs: make one, copy it the only time that it is shown, revoke. */

import { useEffect, useState } from "react";
import { dayOf } from "../format";
import type { Token } from "../state/apiTypes";
import type { Page } from "../state/page";
import { words } from "../words";
import { copy } from "./copy";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

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
      const name = String(new FormData(form).get("name"));
      setMade((await page.api.createToken(name)).token);
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
            <span className="note">{words.sharedOn(dayOf(token.createdAt))}</span>
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
