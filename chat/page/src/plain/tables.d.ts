/** Types of `chat/static/chat/js/tables.js`. */

export declare function areNumbers(texts: string[]): boolean;
