/** Types of `chat/static/chat/js/clipboard.js`. */

export declare function copyText(text: string): Promise<boolean>;
export declare function copySelected(text: string): boolean;
