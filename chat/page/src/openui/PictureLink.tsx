/** A picture whose address a model wrote: a link that the reader may follow, never an automatic request. */

import { words } from "../words";

export function PictureLink({ src, alt }: { src: unknown; alt: unknown }) {
  const address = String(src ?? "");
  const label = words.image(String(alt || words.imageAddress));
  if (!/^https?:\/\//i.test(address)) return <span className="picture">{label}</span>;
  return (
    <a className="picture" href={address} target="_blank" rel="noopener noreferrer nofollow">
      {label}
    </a>
  );
}
