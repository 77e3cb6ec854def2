/** Types of `chat/static/chat/js/blocks.js`. */

export type Block = { kind: string; text?: string };
export declare function blocksOf(reply: string, running?: boolean): Block[];
export declare function plainText(blocks: Block[]): string;
