/** The card of an open request to a person. Its code is loaded with the first request. */

import type { AnswerFields, PersonRequest } from "chat-client";
import { ProblemError } from "chat-client";
import { useId, useRef, useState } from "react";
import { momentOf } from "../format";
import type { Given, Requests } from "../state/requests";
import { argumentWords, toolWords } from "../state/toolNames";
import { words } from "../words";
import { isObject, schemaOf, titleOf } from "./formFields";
import { type Fault, RequestForm } from "./RequestForm";
import { FOCUSABLE } from "./RequestList";

/** Characters of a value that a card shows unfolded: some five lines. */
const SHOWN = 300;

export default function RequestCard({ asked, requests }: { asked: PersonRequest; requests: Requests }) {
  const id = useId();
  const [fault, setFault] = useState<Fault | null>(null);
  const sending = useRef(false);
  const { kind, tool, message, deadline, by } = asked;

  const answer = async (outcome: Given, fields: AnswerFields = {}) => {
    if (sending.current) return;
    sending.current = true;
    setFault(null);
    try {
      await requests.answer(asked, outcome, fields);
    } catch (error) {
      setFault(faultOf(error));
    } finally {
      sending.current = false;
    }
  };
  const parts = { asked, fault, answer };
  return (
    <section className="request" aria-labelledby={id} data-kind={kind}>
      <h3 id={id} dir="auto">
        {by ? words.requests.staff(toolWords(tool)) : words.requests[kind](toolWords(tool))}
      </h3>
      {message && (
        <p className="request-message" dir="auto">
          {message}
        </p>
      )}
      {kind === "approve" && !by && <Approval {...parts} />}
      {kind === "ask" && <Question {...parts} />}
      {kind === "client" && (
        <div className="request-buttons">
          <RejectButton answer={answer} />
        </div>
      )}
      {fault && kind === "client" && <Problem fault={fault} />}
      <small>{words.requests.until(momentOf(deadline))}</small>
    </section>
  );
}

interface PartProps {
  asked: PersonRequest;
  fault: Fault | null;
  answer: (outcome: Given, fields?: AnswerFields) => Promise<void>;
}

function Question({ asked, fault, answer }: PartProps) {
  return (
    <RequestForm schema={asked.schema ?? {}} label={words.requests.ask(toolWords(asked.tool))} fault={fault} send={(content) => void answer("answered", { content })}>
      <div className="request-buttons">
        <button type="submit" className="primary">
          {words.requests.answerIt}
        </button>
        <RejectButton answer={answer} />
      </div>
    </RequestForm>
  );
}

function Approval({ asked, fault, answer }: PartProps) {
  const [editing, setEditing] = useState(false);
  const [always, setAlways] = useState(false);
  const card = useRef<HTMLDivElement>(null);
  const rights: AnswerFields = always ? { forThread: true } : {};
  const titled = (name: string) => argumentWords(asked.tool, name) ?? titleOf(name);
  const schema = schemaOf(asked.arguments, titled);

  const edit = (on: boolean) => {
    setEditing(on);
    // The button that was pressed is replaced by another one.
    setTimeout(() => card.current?.querySelector<HTMLElement>(on ? FOCUSABLE : ".edit")?.focus());
  };
  const pressed = (event: React.KeyboardEvent) => {
    // It ends the edit, and not the waiting answer.
    if (event.key !== "Escape" || !editing) return;
    event.preventDefault();
    edit(false);
  };
  const options = (
    <>
      <label className="request-always">
        <input type="checkbox" checked={always} onChange={(event) => setAlways(event.target.checked)} />
        {words.requests.always}
      </label>
      <div className="request-buttons">
        <button type={editing ? "submit" : "button"} className="primary" onClick={editing ? undefined : () => void answer("approved", rights)}>
          {words.requests.approveIt}
        </button>
        <RejectButton answer={answer} />
        {asked.editable && (
          <button type="button" className="chip edit" onClick={() => edit(!editing)}>
            {editing ? words.requests.noEdit : words.requests.edit}
          </button>
        )}
      </div>
    </>
  );
  const send = (changed: Record<string, unknown>) => void answer("approved", { ...rights, arguments: changed });
  return (
    <div className="request-approval" ref={card} onKeyDown={pressed}>
      {!editing && (
        <>
          <Arguments given={asked.arguments} titled={titled} />
          {fault && <Problem fault={fault} />}
          {options}
        </>
      )}
      {editing && schema && (
        <RequestForm schema={schema} label={words.requests.edit} fault={fault} send={send}>
          {options}
        </RequestForm>
      )}
      {editing && !schema && (
        <JsonForm given={asked.arguments} fault={fault} send={send}>
          {options}
        </JsonForm>
      )}
    </div>
  );
}

interface JsonProps {
  given: unknown;
  fault: Fault | null;
  send: (changed: Record<string, unknown>) => void;
  children: React.ReactNode;
}

function JsonForm({ given, fault, send, children }: JsonProps) {
  const schema = { properties: { json: { title: words.requests.json, default: isObject(given) ? given : {} } }, required: ["json"] };
  const [notObject, setNotObject] = useState(false);
  const sent = ({ json }: Record<string, unknown>) => {
    setNotObject(!isObject(json));
    if (isObject(json)) send(json);
  };
  const shown = notObject ? { path: "/json", text: words.requests.notJson } : fault;
  return (
    <RequestForm schema={schema} label={words.requests.edit} fault={shown} send={sent}>
      {children}
    </RequestForm>
  );
}

function RejectButton({ answer }: Pick<PartProps, "answer">) {
  return (
    <button type="button" className="chip" onClick={() => void answer("rejected")}>
      {words.requests.rejectIt}
    </button>
  );
}

function Problem({ fault }: { fault: Fault }) {
  return (
    <p className="problem" role="alert">
      {fault.text}
    </p>
  );
}

function Arguments({ given, titled }: { given: unknown; titled: (name: string) => string }) {
  if (!isObject(given)) return <Value value={given} />;
  const entries = Object.entries(given);
  if (!entries.length) return <p className="note">{words.requests.nothing}</p>;
  return (
    <dl className="request-arguments">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>
            <bdi>{titled(name)}</bdi>
          </dt>
          <dd>
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { value: unknown }) {
  if (typeof value === "boolean") return value ? words.requests.yes : words.requests.no;
  const deep = typeof value === "object" && value !== null;
  const text = deep ? JSON.stringify(value, null, 2) : String(value ?? "");
  const whole = deep ? <pre tabIndex={0}>{text}</pre> : <span dir="auto">{text}</span>;
  if (text.length <= SHOWN) return whole;
  return (
    <>
      <span dir="auto">{text.slice(0, SHOWN)} …</span>
      <details>
        <summary>{words.requests.more}</summary>
        {whole}
      </details>
    </>
  );
}

/** The server's words ahead of a fault in a form; the reader sees the field. */
const FAULT_HEAD = /^`content` does not fit the form: /;

function faultOf(error: unknown): Fault {
  if (!(error instanceof ProblemError)) return { path: "", text: words.requests.lost };
  const text = error.code === "bad_request" ? error.message : (words.codes[error.code] ?? error.message);
  return { path: String(error.problem.path ?? ""), text: text.replace(FAULT_HEAD, "") };
}
