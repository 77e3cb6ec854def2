/** Pictures attached to the next message, for models that take them. The server stores them for their owner alone. */

import { useRef } from "react";
import type { Page } from "../state/page";
import { words } from "../words";
import { IconButton } from "./Icon";

export function Pictures({ page }: { page: Page }) {
  const input = useRef<HTMLInputElement>(null);
  const { draft } = page;
  if (!page.takesPictures) return null;

  const add = async (files: FileList | null) => {
    for (const file of files ?? []) {
      try {
        draft.add({ ...(await page.api.attach(file)), name: file.name });
      } catch (problem) {
        page.failed(problem);
      }
    }
    if (input.current) input.current.value = "";
  };

  return (
    <>
      {draft.pictures.length > 0 && (
        <ul className="pictures">
          {draft.pictures.map((picture) => (
            <li key={picture.attachmentId}>
              <img src={picture.url} alt={picture.name} />
              <IconButton shape="close" label={words.detach(picture.name)} onClick={() => draft.drop(picture)} />
            </li>
          ))}
        </ul>
      )}
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/gif,image/webp"
        multiple
        hidden
        onChange={(event) => void add(event.target.files)}
      />
      <IconButton shape="attach" label={words.attach} onClick={() => input.current?.click()} />
    </>
  );
}
