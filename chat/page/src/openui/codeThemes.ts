/** Replacement of `react-syntax-highlighter`'s themes: `Code.tsx` takes its colours from the page. */

export const oneLight = {};
export const vscDarkPlus = {};
