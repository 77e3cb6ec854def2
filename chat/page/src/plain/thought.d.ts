/** Types of `chat/static/chat/js/thought.js`. */

export declare function isAtEnd(element: HTMLElement): boolean;
