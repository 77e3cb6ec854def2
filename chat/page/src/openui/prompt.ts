/** What a model is told of the language and the components drawn here: OpenUI's own words, and C1's names beside them. */

import { createLibrary } from "@openuidev/react-lang";
import {
  openuiChatAdditionalRules,
  openuiChatComponentGroups,
  openuiChatExamples,
  openuiChatLibrary,
} from "@openuidev/react-ui/genui-lib";
import { adopted } from "./adopted";

/** How an answer looks around its program is for the server to say, which puts that before these words. */
const PREAMBLE = "Between the fences stands openui-lang, a declarative UI language, and nothing else.";
/** OpenUI proposes pictures of a service; here no picture of another site is loaded. */
const ADVISED = "picsum.photos";
const LINKED = "Pictures are shown as links: use one only where you know its address.";

const unadvised = (texts: readonly string[]) => texts.filter((text) => !text.includes(ADVISED));

const own = Object.values(adopted).filter(({ name }) => !(name in openuiChatLibrary.components));

const library = createLibrary({
  root: openuiChatLibrary.root,
  components: [...Object.values(openuiChatLibrary.components), ...own],
  componentGroups: [
    ...openuiChatComponentGroups.map(({ notes = [], ...group }) => ({ ...group, notes: unadvised(notes) })),
    { name: "Other names", components: own.map(({ name }) => name) },
  ],
});

export const prompt = library.prompt({
  preamble: PREAMBLE,
  additionalRules: [...unadvised(openuiChatAdditionalRules), LINKED],
  examples: unadvised(openuiChatExamples),
});
