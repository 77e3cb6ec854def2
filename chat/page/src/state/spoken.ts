/** The text of an answer for screen readers. Its code is loaded with the first answer. */

export async function spokenText(text: string, running = false): Promise<string> {
  const { blocksOf, plainText } = await import("@plain/js/blocks.js");
  return plainText(blocksOf(text, running));
}
