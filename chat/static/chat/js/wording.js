/** Texts added to the elements of a reply; the built page replaces them by its own. */

import { gettext } from "./translation.js";

export const wording = {
  /** Tones as words: many readers cannot see the colour. */
  tones: { danger: gettext("Problem"), error: gettext("Problem"), warning: gettext("Warning"), success: gettext("Done"), info: gettext("Note"), neutral: gettext("Note") },
  code: gettext("Code"),
  image: gettext("Image"),
  table: gettext("Table"),
  moreRows: (count) => gettext("Further rows: %(count)s", { count: count.toLocaleString() }),
  suggestions: gettext("Suggestions"),
  actions: gettext("Actions"),
  choose: gettext("Choose …"),
  required: gettext("required"),
  steps: (count) => gettext("Steps: %(count)s", { count }),
};

export function speak(others) {
  Object.assign(wording, others);
}
