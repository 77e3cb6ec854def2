/** Texts added to the elements of a reply, in English; a page in another language replaces them. */

export const wording = {
  /** Tones as words: many readers cannot see the colour. */
  tones: { danger: "Problem", error: "Problem", warning: "Warning", success: "Done", info: "Note", neutral: "Note" },
  code: "Code",
  image: "Image",
  table: "Table",
  moreRows: (count) => `and ${count.toLocaleString()} more rows`,
  suggestions: "Suggestions",
  actions: "Actions",
  choose: "Choose …",
};

export function speak(others) {
  Object.assign(wording, others);
}
