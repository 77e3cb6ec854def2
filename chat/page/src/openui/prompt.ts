/** The system prompts that describe the language and the components: OpenUI's own text, with C1's names added. */

import { createLibrary, generateSystemPrompt } from "@openuidev/react-lang";
import {
  openuiChatAdditionalRules,
  openuiChatComponentGroups,
  openuiChatExamples,
  openuiChatLibrary,
} from "@openuidev/react-ui/genui-lib";
import { c1Components } from "./c1Components";

/** The server puts the description of the envelope before this text. */
const PREAMBLE = "Between the fences stands openui-lang, a declarative UI language, and nothing else.";
/** OpenUI suggests a picture service; this page loads no picture of another site. */
const ADVISED = "picsum.photos";
const LINKED = "Pictures are shown as links: use one only where you know its address.";

const unadvised = (texts: readonly string[]) => texts.filter((text) => !text.includes(ADVISED));

const own = Object.values(c1Components).filter(({ name }) => !(name in openuiChatLibrary.components));

const library = createLibrary({
  root: openuiChatLibrary.root,
  components: [...Object.values(openuiChatLibrary.components), ...own],
  componentGroups: [
    ...openuiChatComponentGroups.map(({ notes = [], ...group }) => ({ ...group, notes: unadvised(notes) })),
    { name: "Other names", components: own.map(({ name }) => name) },
  ],
});

const promptOptions = {
  additionalRules: [...unadvised(openuiChatAdditionalRules), LINKED],
  examples: unadvised(openuiChatExamples),
};

/** For any model: the server puts the envelope's description before it. */
export const prompt = library.prompt({ preamble: PREAMBLE, ...promptOptions });

/** For OpenUI's Gateway, which describes the language itself: the components as data. */
export const gatewayConfig = generateSystemPrompt({
  cloud: true,
  library: { ...library.toSpec(), schema: library.toJSONSchema() },
  promptOptions,
});
