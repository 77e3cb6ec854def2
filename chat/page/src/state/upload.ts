/** Files for the field: checked, uploaded with progress, read by the server, and kept in the draft. */

import { newId } from "@plain/js/dom.js";
import { ConnectionLostError, ProblemError } from "chat-client";
import { BYTES_PER_MB, sizeOf } from "../format";
import { language, words } from "../words";
import type { Attachment, Session } from "./apiTypes";
import { type DraftFile, isBeingRead } from "./draft";
import type { Page } from "./page";
import { isPicture } from "./pictures";
import { pauseAfter, sleep } from "./sleep";

/** Name endings of files that a chooser offers; others can be dropped, and the server finds each kind by its content. */
export const FILES = ".pdf,.docx,.xlsx,.pptx,.html,.md,.csv,.json,.txt,.log,.xml,.yaml,.toml,.py,.js,.ts,.java,.c,.cpp,.go,.rs,.sql,.sh,.css,.tex";
/** Kinds that no server takes. */
const NEVER = /^(audio|video|font)\/|^image\/(?!svg)|^application\/(zip|x-(7z|rar|tar|gzip))/;
/** Milliseconds between two questions whether a file has been read. */
const READING_INTERVAL = 1000;
/** Bytes of one picture or file on a server that does not name its limit. */
const USUAL_LIMIT = 5 * BYTES_PER_MB;

/** Add files to the draft: those that cannot be sent with the reason, the others while they are uploaded. */
export function addFiles(page: Page, files: Iterable<File>) {
  for (const file of files) {
    const name = file.name || words.picture;
    const added: DraftFile = { key: newId(), name, contentType: file.type, progress: 0, attachment: null, problem: problemOf(page, file) };
    page.draft.add(added);
    if (!added.problem) void upload(page, added.key, file);
  }
}

/** Wait for the files of the shown draft that the server still reads: after a reload, or in a chat that was opened again. */
export function awaitReading(page: Page) {
  for (const file of page.draft.files) if (isBeingRead(file)) void whenRead(page, file.key);
}

/** Return true if the server takes files beside pictures. */
export const takesFiles = (page: Page) => Boolean(page.session?.fileKinds?.length);

/** Return the reason why a file cannot be sent; empty for none. */
function problemOf(page: Page, file: File): string {
  const limit = page.session?.attachmentBytes ?? USUAL_LIMIT;
  if (!isPicture(file.type) && (NEVER.test(file.type) || !takesFiles(page))) return words.files.kind;
  return file.size > limit ? words.files.large(sizeOf(limit)) : "";
}

async function upload(page: Page, key: string, file: File) {
  const progress = (progress: number) => page.draft.update(key, { progress });
  try {
    const attachment = await post(file, page.session, progress).catch(async (problem: unknown) => {
      if ((problem as ProblemError).status !== 403) throw problem;
      // A log-in in another tab has changed the token: fetch a new one and retry once.
      return post(file, await page.api.session(), progress);
    });
    page.draft.update(key, stored(attachment));
    await whenRead(page, key);
  } catch (problem) {
    page.draft.update(key, { problem: refusalOf(page, problem) });
  }
}

/** Follow a file of the draft until the server has read its text, or could not. A lost connection only delays it. */
async function whenRead(page: Page, key: string) {
  for (let failures = 0; ; ) {
    const file = page.draft.files.find((one) => one.key === key);
    if (!file?.attachment || !isBeingRead(file)) return;
    await sleep(failures ? pauseAfter(failures) : READING_INTERVAL).done;
    try {
      page.draft.update(key, stored(await page.api.attachment(file.attachment.attachmentId)));
      failures = 0;
    } catch (problem) {
      if (problem instanceof ProblemError && !problem.temporary) return page.draft.update(key, { problem: page.describe(problem) });
      failures += 1;
    }
  }
}

/** Return the state of a file that the server has. */
function stored(attachment: Attachment): Partial<DraftFile> {
  const problem = attachment.state === "failed" ? whyUnread(attachment) : "";
  return { attachment, progress: 1, problem };
}

/** Return why a file could not be read, in the reader's language. The server speaks English, and says more than the page's own sentence. */
export function whyUnread({ detail, code }: Attachment): string {
  return (language !== "en" && code && words.files.codes[code]) || (detail ?? words.files.lost);
}

function refusalOf(page: Page, problem: unknown): string {
  return problem instanceof ProblemError ? page.describe(problem) : words.files.lost;
}

/** Upload a file. `fetch` has no progress of uploads. */
function post(file: File, session: Session | null, progress: (share: number) => void): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = () => reject(new ConnectionLostError("The server cannot be reached."));
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 201) resolve(body as unknown as Attachment);
      else reject(new ProblemError(request.status, body, null));
    };
    request.open("POST", `/api/attachments?name=${encodeURIComponent(file.name)}`);
    // A browser declares a file's type by its name, which the server reads itself.
    request.setRequestHeader("Content-Type", isPicture(file.type) ? file.type : "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", session?.csrfToken ?? "");
    request.send(file);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}
