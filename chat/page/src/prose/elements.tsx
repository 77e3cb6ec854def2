/** The elements of drawn Markdown that differ from plain HTML. */

import type { Element } from "hast";
import type { Components, ExtraProps } from "react-markdown";
import { PictureLink } from "../openui/PictureLink";
import { words } from "../words";
import { CodeBlock } from "./CodeBlock";
import { MathPiece } from "./MathPiece";
import { MATH } from "./plugins";

type Props<Tag extends keyof React.JSX.IntrinsicElements> = React.JSX.IntrinsicElements[Tag] & ExtraProps;

/** A link to a web page or a mail address in a new tab; a jump within the message; any other address stays text. */
function Link({ node: _, href = "", children, ...rest }: Props<"a">) {
  if (href.startsWith("#")) {
    return (
      <a {...rest} href={href} onClick={jump}>
        {children}
      </a>
    );
  }
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return <>{children}</>;
  return (
    <a href={href} title={rest.title} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Go to a footnote, or back, without an entry in the history, which belongs to the chats. */
function jump(event: React.MouseEvent<HTMLAnchorElement>) {
  event.preventDefault();
  const target = document.getElementById(decodeURIComponent(event.currentTarget.hash.slice(1)));
  if (!target) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

function Table({ node: _, children }: Props<"table">) {
  return (
    <div className="table" tabIndex={0} role="group" aria-label={words.reply.table}>
      <table>{children}</table>
    </div>
  );
}

function Fenced({ node }: Props<"pre">) {
  const code = node?.children.find((child) => child.type === "element") as Element | undefined;
  const [name = ""] = [code?.properties.className ?? []].flat().filter((one) => String(one).startsWith("language-"));
  return <CodeBlock info={String(name).replace("language-", "")} code={textOf(code).replace(/\n$/, "")} closed />;
}

const textOf = (node: Element | undefined): string =>
  (node?.children ?? []).map((child) => (child.type === "text" ? child.value : child.type === "element" ? textOf(child) : "")).join("");

/** The box of a task, which only shows its state. */
function Task({ checked }: Props<"input">) {
  return <input type="checkbox" checked={checked ?? false} disabled readOnly aria-label={checked ? words.taskDone : words.taskOpen} />;
}

export const elements = {
  a: Link,
  img: ({ src, alt }) => <PictureLink src={src} alt={alt} />,
  input: Task,
  pre: Fenced,
  table: Table,
  [MATH]: MathPiece,
} as Components;
