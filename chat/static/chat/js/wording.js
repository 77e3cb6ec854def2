/** The words that the elements of a reply bring along, in English; a page in another language puts its own in their place. */

export const wording = {
  /** How a tone is said aloud: colour alone tells nothing to many readers. */
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
