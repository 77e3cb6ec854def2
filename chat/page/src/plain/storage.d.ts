/** Types of `chat/static/chat/js/storage.js`. */

export declare function remember(key: string, value: string): void;
export declare function recall(key: string): string;
