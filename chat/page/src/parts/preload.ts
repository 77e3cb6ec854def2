/** Fetch what draws answers before the first of them is there. */

import { highlighter } from "../prose/CodeBlock";
import { loadProse } from "./Prose";

export const preload = () => Promise.all([loadProse(), highlighter.fetch(), import("../openui/Interface")]);
