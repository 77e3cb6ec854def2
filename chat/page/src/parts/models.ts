/** Names and descriptions of models: the server's operator gives them, else the page knows those of the built-in ones. */

import type { Page } from "../state/page";
import { words } from "../words";

export function modelTitle(page: Page, model: string): string {
  return page.session?.modelDetails?.[model]?.title || words.models[model]?.[0] || model;
}

export function modelDescription(page: Page, model: string): string {
  const details = page.session?.modelDetails?.[model];
  if (details?.description) return details.description;
  return details?.demo ? words.demo : (words.models[model]?.[1] ?? "");
}

/** Return the names of what a model can do besides text. */
export function abilitiesOf(page: Page, model: string): string[] {
  const { images, tools, interfaces } = page.session?.modelDetails?.[model] ?? {};
  const efforts = page.session?.efforts?.[model]?.length;
  const { abilities } = words;
  return [
    interfaces && abilities.interfaces,
    tools && abilities.tools,
    images && abilities.images,
    efforts && abilities.efforts,
  ].filter((name): name is string => !!name);
}
