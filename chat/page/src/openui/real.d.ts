/** The package that `Markdown.tsx` stands in front of. */
declare module "real-markdown" {
  export { default } from "react-markdown";
  export type { Components, Options } from "react-markdown";
}
