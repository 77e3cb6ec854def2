/** OpenUI's picture components, drawn as links: no picture of another site is fetched. */

import { openuiChatLibrary } from "@openuidev/react-ui/genui-lib";
import { PictureLink } from "./PictureLink";
import type { DefinedComponent, Drawn } from "./types";

interface Picture {
  src?: unknown;
  alt?: unknown;
  details?: unknown;
}

function instead(name: string, component: (drawn: Drawn<Record<string, unknown>>) => React.ReactNode): DefinedComponent {
  return { ...(openuiChatLibrary.components[name] as DefinedComponent), component };
}

const one = ({ props }: Drawn<Picture>) => <PictureLink src={props.src} alt={props.alt} />;

function gallery({ props }: Drawn<{ images?: unknown }>) {
  const images = Array.isArray(props.images) ? (props.images as Picture[]) : [];
  return (
    <ul className="gallery">
      {images.map((image, index) => (
        <li key={index}>
          <PictureLink src={image?.src} alt={image?.alt || image?.details} />
        </li>
      ))}
    </ul>
  );
}

/** A list with pictures is drawn as a numbered list; each item's picture is left out. */
const list = openuiChatLibrary.components.ListBlock as DefinedComponent;

export const pictures: Record<string, DefinedComponent> = {
  Image: instead("Image", one),
  ImageBlock: instead("ImageBlock", one),
  ImageGallery: instead("ImageGallery", gallery),
  ListBlock: { ...list, component: ({ props, ...rest }: Drawn<object>) => <list.component {...rest} props={{ ...props, variant: "number" }} /> },
};
