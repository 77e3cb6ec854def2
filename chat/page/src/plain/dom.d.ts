/** Types of `chat/static/chat/js/dom.js`. */

export declare function newId(): string;
