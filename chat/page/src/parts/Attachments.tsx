/** Pictures and files of the next message: chosen, from the camera, from the clipboard, or dropped anywhere on the page. */

import "./Attachments.css";

import { useEffect, useRef, useState } from "react";
import { type DraftFile, isBeingRead, isPictureFile } from "../state/draft";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { PICTURES } from "../state/pictures";
import { addFiles, FILES, takesFiles } from "../state/upload";
import { words } from "../words";
import { FileChip } from "./FileChip";
import { IconButton, type Shape } from "./Icon";

/** Return the reason why the files of the draft cannot be sent; empty for none. */
export function obstacle(page: Page): string {
  const { files, uploading } = page.draft;
  if (files.some(({ problem }) => problem)) return words.files.remove;
  if (files.some(isPictureFile) && page.session && !page.takesPictures) return words.files.model(page.model);
  return uploading ? words.files.uploading : "";
}

/** The pictures and files of the draft, each with its progress or the reason why it is not sent. */
export function AttachmentList({ page }: { page: Page }) {
  const { files } = useStore(page.draft);
  if (!files.length) return null;
  return (
    <>
      <ul className="pictures">
        {files.map((file) => (
          <li key={file.key} data-problem={file.problem ? true : undefined}>
            <Preview page={page} file={file} />
            <IconButton shape="close" label={words.detach(file.name)} onClick={() => page.draft.drop(file.key)} />
          </li>
        ))}
      </ul>
      <p className="note obstacle" role="status">
        {obstacle(page)}
      </p>
    </>
  );
}

function Preview({ page, file }: { page: Page; file: DraftFile }) {
  const { attachment, name, problem, progress } = file;
  if (attachment && !problem && !isBeingRead(file)) {
    return isPictureFile(file) ? <img src={attachment.url} alt={name} /> : <FileChip page={page} file={attachment} />;
  }
  return (
    <span className="picture-preview">
      <span className="picture-name" dir="auto">
        {name}
      </span>
      {problem ? (
        <span className="picture-problem" dir="auto">
          {problem}
        </span>
      ) : (
        <Progress name={name} share={progress} />
      )}
    </span>
  );
}

/** The progress of an upload; then of the reading, whose length is unknown. */
function Progress({ name, share }: { name: string; share: number }) {
  if (share < 1) return <progress value={share} aria-label={words.files.progress(name)} />;
  return (
    <>
      <progress aria-label={words.files.readingOf(name)} />
      <span>{words.files.reading}</span>
    </>
  );
}

/** Buttons to add pictures, where the model takes them, and files, where the server does; the camera on devices that are touched. */
export function AttachButtons({ page }: { page: Page }) {
  const kinds = [...(page.takesPictures ? PICTURES : []), ...(takesFiles(page) ? [FILES] : [])];
  if (!kinds.length) return null;
  const coarse = matchMedia("(pointer: coarse)").matches;
  return (
    <span className="adding">
      <Chooser page={page} shape="attach" label={words.attach} accept={kinds.join()} />
      {page.takesPictures && coarse && <Chooser page={page} shape="camera" label={words.files.camera} accept="image/*" capture="environment" />}
    </span>
  );
}

interface ChooserProps {
  page: Page;
  shape: Shape;
  label: string;
  accept: string;
  capture?: "environment";
}

function Chooser({ page, shape, label, accept, capture }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = ({ target }: React.ChangeEvent<HTMLInputElement>) => {
    addFiles(page, target.files ?? []);
    target.value = "";
  };
  return (
    <>
      <input ref={input} type="file" accept={accept} capture={capture} multiple hidden onChange={chosen} />
      <IconButton shape={shape} label={label} onClick={() => input.current?.click()} />
    </>
  );
}

/** The mark over the page while files are dragged over it. Files dropped anywhere, or pasted, are added. */
export function DropMark({ page }: { page: Page }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const ending = new AbortController();
    const on = <K extends keyof WindowEventMap>(name: K, act: (event: WindowEventMap[K]) => void) =>
      addEventListener(name, act, { signal: ending.signal });
    on("dragenter", (event) => setShown(hasFiles(event.dataTransfer)));
    on("dragover", (event) => hasFiles(event.dataTransfer) && event.preventDefault());
    on("dragleave", (event) => event.relatedTarget === null && setShown(false));
    on("drop", (event) => {
      setShown(false);
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      addFiles(page, event.dataTransfer?.files ?? []);
    });
    on("paste", (event) => {
      const { clipboardData: data } = event;
      // Office programs copy a picture beside their text: the text is meant.
      if (!data?.files.length || data.types.includes("text/plain")) return;
      event.preventDefault();
      addFiles(page, data.files);
    });
    return () => ending.abort();
  }, []);
  return shown ? (
    <div className="drop-mark" aria-hidden="true">
      {words.files.drop}
    </div>
  ) : null;
}

function hasFiles(data: DataTransfer | null): boolean {
  return data?.types.includes("Files") ?? false;
}
