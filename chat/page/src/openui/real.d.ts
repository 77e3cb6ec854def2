/** The package that `Markdown.tsx` wraps. */
declare module "real-markdown" {
  export { default } from "react-markdown";
  export type { Components, Options } from "react-markdown";
}
