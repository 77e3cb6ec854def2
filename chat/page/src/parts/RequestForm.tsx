/** A form by a JSON schema: its fields, each with its fault below it. */

import { useEffect, useId, useRef, useState } from "react";
import { words } from "../words";
import { chosen, contentOf, type FormField, fieldsOf, NotJson } from "./formFields";

/** A fault that the server found; `path` leads to the value (RFC 6901). */
export interface Fault {
  path: string;
  text: string;
}

interface Props {
  schema: Record<string, unknown>;
  label: string;
  fault: Fault | null;
  send: (content: Record<string, unknown>) => void;
  /** Options and buttons below the fields. */
  children: React.ReactNode;
}

export function RequestForm({ schema, label, fault, send, children }: Props) {
  const fields = fieldsOf(schema);
  const [values, setValues] = useState(() => Object.fromEntries(fields.map(({ name, start }) => [name, start])));
  const [ownFault, setOwnFault] = useState<Fault | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const shown = ownFault ?? fault;
  const faulty = shown && fields.find(({ name }) => name === nameOf(shown.path));

  useEffect(() => {
    if (faulty) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [shown]);

  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    setOwnFault(null);
    try {
      send(contentOf(fields, values));
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      setOwnFault({ path: `/${escaped(error.field)}`, text: words.requests.notJson });
    }
  };
  return (
    <form ref={form} className="request-form" aria-label={label} onSubmit={submit}>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={values[field.name] ?? ""}
          change={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          fault={field === faulty ? (shown?.text ?? "") : ""}
        />
      ))}
      {shown && !faulty && (
        <p className="problem" role="alert">
          {shown.text}
        </p>
      )}
      {children}
    </form>
  );
}

interface FieldProps {
  field: FormField;
  value: string;
  change: (value: string) => void;
  fault: string;
}

function Field({ field, value, change, fault }: FieldProps) {
  const id = useId();
  const described = [field.description && `${id}-more`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const marks = { id, "aria-describedby": described || undefined, "aria-invalid": fault ? true : undefined };
  return (
    <div className="request-field" data-kind={field.kind}>
      <label htmlFor={id}>
        <bdi>{field.title}</bdi>
        {field.required && field.kind !== "flag" && <small> ({words.requests.required})</small>}
      </label>
      <Input field={field} value={value} change={change} marks={marks} />
      {field.description && (
        <small id={`${id}-more`} dir="auto">
          {field.description}
        </small>
      )}
      {fault && (
        <p id={`${id}-fault`} className="field-fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function Input({ field, value, change, marks }: Omit<FieldProps, "fault"> & { marks: object }) {
  const { kind, required, limits } = field;
  const changed = (event: { target: { value: string } }) => change(event.target.value);
  if (kind === "flag") return <input type="checkbox" checked={value === "true"} onChange={(event) => change(String(event.target.checked))} {...marks} />;
  if (kind === "number") return <input type="number" step={field.whole ? 1 : "any"} value={value} onChange={changed} required={required} {...limits} {...marks} />;
  if (kind === "text") return <input type={field.input} dir="auto" value={value} onChange={changed} required={required} {...limits} {...marks} />;
  if (kind === "choices") return <Choices field={field} value={value} change={change} marks={marks} />;
  if (kind !== "choice") return <textarea rows={4} dir="auto" value={value} onChange={changed} required={required} {...limits} {...marks} />;
  return (
    <select value={value} onChange={changed} required={required} {...marks}>
      <option value="">{words.requests.choose}</option>
      {field.choices.map(([, title], index) => (
        <option key={index} value={index}>
          {title}
        </option>
      ))}
    </select>
  );
}

function Choices({ field: { choices, required }, value, change, marks }: Omit<FieldProps, "fault"> & { marks: object }) {
  const changed = ({ target }: React.ChangeEvent<HTMLSelectElement>) => change(Array.from(target.selectedOptions, (option) => option.value).join(","));
  return (
    <select multiple size={Math.min(choices.length, 6)} value={chosen(value)} onChange={changed} required={required} {...marks}>
      {choices.map(([, title], index) => (
        <option key={index} value={index}>
          {title}
        </option>
      ))}
    </select>
  );
}

const escaped = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** Return the name of the field in which a fault lies; a fault of the whole form has none. */
const nameOf = (path: string) => path.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
