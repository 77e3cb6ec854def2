/** The command palette: find a chat by its words, or run a command. */

import "./Overlay.css";
import "./CommandPalette.css";

import { Command } from "cmdk";
import { useEffect, useState } from "react";
import type { ServerPrompt, ThreadSearchResult } from "../state/apiTypes";
import { commandsOf } from "../state/commands";
import type { Page } from "../state/page";
import { beginWith } from "../state/serverPrompts";
import { words } from "../words";
import { Excerpt } from "./Excerpt";

/** Milliseconds between the last key and the search: a pause in typing. */
const PAUSE_MS = 150;
/** Chats shown: what fits without scrolling. */
const MAX_CHATS = 8;

export default function CommandPalette({ page, leave }: { page: Page; leave: () => void }) {
  const [query, setQuery] = useState("");
  const chats = useChats(page, query.trim());
  const prompts = useServerPrompts(page).filter(({ title, server }) => holds(`${title} ${server}`, query));
  const commands = commandsOf(page).filter(({ name }) => holds(name, query));
  // Closed first: a command may open another dialog, or move the focus.
  const run = (act: () => void) => () => {
    leave();
    act();
  };
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && leave()}
      label={words.palette}
      shouldFilter={false}
      loop
      overlayClassName="overlay"
      contentClassName="dialog palette"
    >
      <Command.Input value={query} onValueChange={setQuery} placeholder={words.paletteFind} dir={query ? "auto" : undefined} />
      <Command.List label={words.palette}>
        <Command.Empty>{words.paletteNone}</Command.Empty>
        {chats.length > 0 && (
          <Command.Group heading={words.chats}>
            {chats.map((thread) => (
              <Command.Item key={thread.threadId} value={thread.threadId} onSelect={run(() => void page.go(thread.threadId))}>
                <span className="title" dir="auto">
                  {thread.title || words.untitled}
                </span>
                {thread.excerpt && <Excerpt {...thread.excerpt} />}
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {prompts.length > 0 && (
          <Command.Group heading={words.serverPrompts.heading}>
            {prompts.map((prompt) => (
              <Command.Item key={`${prompt.server} ${prompt.name}`} value={`prompt ${prompt.server} ${prompt.name}`} onSelect={run(() => beginWith(page, prompt))}>
                <span className="title" dir="auto">
                  {prompt.title}
                </span>
                <span className="note">{prompt.server}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {commands.length > 0 && (
          <Command.Group heading={words.paletteCommands}>
            {commands.map(({ name, keys, act }) => (
              <Command.Item key={name} value={name} onSelect={run(act)}>
                <span className="title">{name}</span>
                {keys && <span className="keys">{keys.map((key) => <kbd key={key}>{words.keyNames[key] ?? key}</kbd>)}</span>}
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command.Dialog>
  );
}

/** Return the prompts of MCP servers; none before the server has answered, or where it fails: the rest of the palette works. */
function useServerPrompts(page: Page): ServerPrompt[] {
  const [prompts, setPrompts] = useState<ServerPrompt[]>([]);
  useEffect(() => {
    if (!page.session?.serverPrompts) return;
    let current = true;
    void page.api
      .serverPrompts()
      .then((answer) => current && setPrompts(answer.prompts))
      .catch(() => undefined);
    return () => {
      current = false;
    };
  }, [page]);
  return prompts;
}

/** Return the newest chats, or those that the words are found in; until the server has answered, the fitting ones of before. */
function useChats(page: Page, query: string): ThreadSearchResult[] {
  const [found, setFound] = useState(() => ({ query: "", threads: page.threads.list.slice(0, MAX_CHATS) }));
  useEffect(() => {
    let current = true;
    const search = async () => {
      const { threads } = await page.api.threads({ q: query, archived: query ? "any" : undefined, limit: MAX_CHATS });
      if (current) setFound({ query, threads });
    };
    const timer = setTimeout(() => void search().catch((problem: unknown) => page.failed(problem)), PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [page, query]);
  return found.query === query ? found.threads : found.threads.filter(({ title }) => holds(title, query));
}

const holds = (name: string, query: string) =>
  query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => name.toLocaleLowerCase().includes(word));
