/** Servers that the user connects: their states, sign-in and its outcome, and the end of a connection. */

import { useEffect, useState } from "react";
import { dayOf } from "../format";
import type { ServerConnection } from "../state/apiTypes";
import type { Page } from "../state/page";
import type { SignInOutcome } from "../state/signInOutcome";
import { words } from "../words";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export function ConnectionSettings({ page, signIn }: { page: Page; signIn?: SignInOutcome }) {
  const [connections, setConnections] = useState<ServerConnection[]>([]);
  const [latest, setLatest] = useState(signIn);
  const { problem, attempt } = useAttempt(page);
  const load = async () => setConnections((await page.api.connections()).connections);

  useEffect(() => void attempt("load", load), []);
  if (page.session?.guest) return <p className="note">{words.connectionsOfAccounts}</p>;

  // The outcome came with the address, which any site can write: a name that is none of these servers is not repeated.
  const isKnown = latest?.outcome === "expired" || connections.some((one) => one.server === latest?.server);

  const connect = (server: string) =>
    attempt(server, async () => {
      location.assign((await page.api.connectServer(server)).authorizationUrl);
      // The sign-in runs until the page is left; a second one can begin if the reader comes back to it.
      await new Promise((resolve) => addEventListener("pageshow", resolve, { once: true }));
    });
  const disconnect = (server: string) =>
    attempt(server, async () => {
      setLatest(undefined);
      await page.api.disconnectServer(server);
      await load();
    });

  return (
    <>
      <p className="note">{words.connectionsMore}</p>
      {latest && isKnown && <Outcome {...latest} />}
      <ProblemLine problem={problem} />
      <ul className="shares">
        {connections.map((one) => (
          <li key={one.server}>
            <strong>
              <bdi>{one.server}</bdi>
            </strong>
            <span className="note">{described(one)}</span>
            <span className="actions">
              {one.state !== "connected" && (
                <button type="button" className="chip" aria-label={words.connectServer(one.server)} onClick={() => void connect(one.server)}>
                  {one.state === "refused" ? words.connectAgain : words.connect}
                </button>
              )}
              {one.state !== "none" && (
                <button type="button" className="chip" aria-label={words.disconnectServer(one.server)} onClick={() => void disconnect(one.server)}>
                  {words.disconnect}
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Outcome({ server, outcome }: SignInOutcome) {
  const good = outcome === "connected";
  return (
    <p className={good ? "note" : "problem"} role={good ? "status" : "alert"}>
      {words.signInOutcomes[outcome](server)}
    </p>
  );
}

function described({ state, connectedAt }: ServerConnection): string {
  if (state === "connected") return words.connectedOn(dayOf(connectedAt ?? ""));
  return state === "refused" ? words.connectionRefused : words.notConnected;
}
