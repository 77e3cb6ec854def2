/** Types of `chat/static/chat/js/dom.js`. */

export declare function isComposing(event: KeyboardEvent): boolean;
export declare function newId(): string;
