/** Replacement of `react-markdown`: with tables, and with links instead of fetched pictures. */

import RealMarkdown, { type Components, type Options } from "real-markdown";
import remarkGfm from "remark-gfm";
import { PictureLink } from "./PictureLink";

const img: Components["img"] = ({ src, alt }) => <PictureLink src={src} alt={alt} />;

export default function Markdown({ components, remarkPlugins, ...rest }: Options) {
  return <RealMarkdown {...rest} remarkPlugins={[remarkGfm, ...(remarkPlugins ?? [])]} components={{ ...components, img }} />;
}
