/** The kinds of pictures; anything else is a file, of which a model gets the text. */

/** The content types of pictures that the server takes. */
export const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** Return true for a picture: a model must see it, and the page shows it. */
export const isPicture = (contentType: string) => PICTURES.includes(contentType);
