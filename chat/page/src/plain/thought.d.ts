/** Types of `chat/static/chat/js/thought.js`. */

export declare function drawThought(container: HTMLElement, seen: string[], text: string): () => void;
export declare function isAtEnd(element: HTMLElement): boolean;
