/** The chosen model, as a button with a menu of all models and of the chosen one's efforts. */

import { lazy, Suspense, useState } from "react";
import type { Page } from "../state/page";
import { words } from "../words";
import { Icon } from "./Icon";
import { modelTitle } from "./models";

const ModelMenu = lazy(() => import("./ModelMenu"));

export function ModelPicker({ page }: { page: Page }) {
  const [used, setUsed] = useState(false);
  const [open, setOpen] = useState(false);
  if (!page.session) return <span className="picker" />;
  const begin = () => {
    setUsed(true);
    setOpen(true);
  };
  const title = modelTitle(page, page.model);
  const effort = page.effort && (words.efforts[page.effort] ?? page.effort);
  const demo = page.session.modelDetails?.[page.model]?.demo;
  const name = [title, effort, demo && words.demoMark].filter(Boolean).join(", ");
  const button = (
    <button
      id="model"
      type="button"
      className="picker"
      aria-label={`${words.model}: ${name}`}
      aria-haspopup="menu"
      aria-expanded={open}
      onClick={used ? undefined : begin}
    >
      <span className="picker-name">{title}</span>
      {effort && <span className="picker-effort">{effort}</span>}
      {demo && (
        <span id="demo" className="demo-mark" title={words.demo}>
          {words.demoMark}
        </span>
      )}
      <Icon shape="open" />
    </button>
  );
  if (!used) return button;
  return (
    <Suspense fallback={button}>
      <ModelMenu page={page} open={open} setOpen={setOpen}>
        {button}
      </ModelMenu>
    </Suspense>
  );
}
