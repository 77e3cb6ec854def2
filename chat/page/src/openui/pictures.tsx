/** The components that would fetch pictures, with links in their place. */

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
      {images.map((image, place) => (
        <li key={place}>
          <PictureLink src={image?.src} alt={image?.alt || image?.details} />
        </li>
      ))}
    </ul>
  );
}

/** A list of pictures is a list; each item's picture is left out, its words say what it is. */
const list = openuiChatLibrary.components.ListBlock as DefinedComponent;

export const pictures: Record<string, DefinedComponent> = {
  Image: instead("Image", one),
  ImageBlock: instead("ImageBlock", one),
  ImageGallery: instead("ImageGallery", gallery),
  ListBlock: { ...list, component: ({ props, ...rest }: Drawn<object>) => <list.component {...rest} props={{ ...props, variant: "number" }} /> },
};
