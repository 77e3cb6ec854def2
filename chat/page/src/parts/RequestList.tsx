/** Requests of an answer to a person: a card for each open one, a line for each that has ended. */

import "./RequestCard.css";

import { Fragment, lazy, Suspense, useLayoutEffect, useRef } from "react";
import type { Requests } from "../state/requests";
import { outcomeParts } from "./requestOutcomes";

const RequestCard = lazy(() => import("./RequestCard"));

export const FOCUSABLE = "button, input, select, textarea";

/** `user`: the name of the reader, whose own answers are not signed. */
export function RequestOutcomes({ requests, user }: { requests: Requests; user: string }) {
  if (!requests.ended.length) return null;
  return (
    <ul className="request-outcomes">
      {requests.ended.map((one) => (
        <li key={one.requestId} data-outcome={one.outcome} tabIndex={-1}>
          {outcomeParts(one, user).map((part, index) => (
            <Fragment key={part}>
              {index > 0 && " · "}
              <bdi>{part}</bdi>
            </Fragment>
          ))}
        </li>
      ))}
    </ul>
  );
}

export function RequestCards({ requests }: { requests: Requests }) {
  const place = useRef<HTMLDivElement>(null);
  const held = useRef(false);
  const { open } = requests;

  // The card that had the focus is gone: go on with the next one, or with the line that says how it ended.
  useLayoutEffect(() => {
    if (!held.current || place.current?.contains(document.activeElement)) return;
    held.current = false;
    const next = place.current?.querySelector<HTMLElement>(FOCUSABLE);
    const lines = place.current?.closest(".reply")?.querySelectorAll<HTMLElement>(".request-outcomes li");
    (next ?? lines?.[lines.length - 1])?.focus({ preventScroll: !next });
  }, [open.length]);

  const left = (event: React.FocusEvent) => {
    // Without a next element the focused one was removed, or the window lost the focus.
    if (event.relatedTarget) held.current = event.currentTarget.contains(event.relatedTarget);
  };
  return (
    <div className="requests" ref={place} onFocus={() => (held.current = true)} onBlur={left}>
      {open.map((asked) => (
        <Suspense key={asked.requestId}>
          <RequestCard asked={asked} requests={requests} />
        </Suspense>
      ))}
    </div>
  );
}
