/** Dialog for read-only links to a chat: create, copy, revoke. */

import { announce } from "@plain/js/announce.js";
import { useEffect, useState } from "react";
import { dayOf } from "../format";
import type { Page } from "../state/page";
import type { Share } from "../state/apiTypes";
import { words } from "../words";
import { copy } from "./copy";
import { Overlay } from "./Overlay";
import { ProblemLine } from "./ProblemLine";
import { useAttempt } from "./useAttempt";

export default function ShareDialog({ page, threadId, leave }: { page: Page; threadId: string; leave: () => void }) {
  const [shares, setShares] = useState<Share[] | null>(null);
  const { problem, attempt } = useAttempt(page);
  const load = async () => setShares((await page.api.shares(threadId)).shares);

  useEffect(() => void attempt("load", load), []);

  const make = () =>
    attempt("make", async () => {
      await copy(new URL((await page.api.createShare(threadId)).url, location.href).href);
      await load();
    });
  const revoke = (share: Share) =>
    attempt(share.shareId, async () => {
      await page.api.deleteShare(threadId, share.shareId);
      announce(words.revoked);
      await load();
    });

  return (
    <Overlay id="share" title={words.shareTitle} leave={leave}>
      <p>{words.shareMore}</p>
      <ProblemLine problem={problem} />
      {shares?.length === 0 && <p className="note">{words.noShares}</p>}
      <ul className="shares">
        {(shares ?? []).map((share) => (
          <Link key={share.shareId} share={share} revoke={() => void revoke(share)} />
        ))}
      </ul>
      <div className="actions">
        <button type="button" className="primary" onClick={() => void make()}>
          {words.makeLink}
        </button>
      </div>
    </Overlay>
  );
}

function Link({ share, revoke }: { share: Share; revoke: () => void }) {
  const address = new URL(share.url, location.href).href;
  return (
    <li>
      <a href={address} target="_blank" rel="noopener noreferrer">
        {address}
      </a>
      <span className="note">
        {words.sharedOn(dayOf(share.createdAt))}
        {share.messageId && `, ${words.onlyAnswer}`}
        {share.expiresAt && `, ${words.expires(dayOf(share.expiresAt))}`}
      </span>
      <span className="actions">
        <button type="button" className="chip" onClick={() => void copy(address)}>
          {words.copyLink}
        </button>
        <button type="button" className="chip" onClick={revoke}>
          {words.revoke}
        </button>
      </span>
    </li>
  );
}
