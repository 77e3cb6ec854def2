/** Dialog for read-only links to a chat: create, copy, revoke. */

import { announce } from "@plain/js/announce.js";
import { useEffect, useRef, useState } from "react";
import type { Page } from "../state/page";
import type { Share } from "../state/apiTypes";
import { language, words } from "../words";
import { copy } from "./copy";
import { IconButton } from "./Icon";

const date = (time: string) => new Date(time).toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" });

export function ShareDialog({ page, threadId, leave }: { page: Page; threadId: string; leave: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [shares, setShares] = useState<Share[] | null>(null);
  const [problem, setProblem] = useState("");

  const attempt = async (work: () => Promise<unknown>) => {
    setProblem("");
    try {
      await work();
      setShares((await page.api.shares(threadId)).shares);
    } catch (error) {
      setProblem((error as Error).message || words.unreachable);
    }
  };
  useEffect(() => {
    dialog.current?.showModal();
    void attempt(async () => undefined);
  }, []);

  const make = () => attempt(async () => copy(new URL((await page.api.share(threadId)).url, location.href).href));
  const revoke = (share: Share) =>
    attempt(async () => {
      await page.api.unshare(threadId, share.shareId);
      announce(words.revoked);
    });

  return (
    <dialog id="share" ref={dialog} aria-labelledby="share-title" onClose={leave}>
      <div className="dialog-head">
        <h2 id="share-title">{words.shareTitle}</h2>
        <IconButton shape="close" label={words.close} onClick={leave} />
      </div>
      <p>{words.shareMore}</p>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
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
    </dialog>
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
        {words.sharedOn(date(share.createdAt))}
        {share.expiresAt && `, ${words.expires(date(share.expiresAt))}`}
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
