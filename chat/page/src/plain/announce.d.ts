/** Types of `chat/static/chat/js/announce.js`. */

export declare function announce(text: string): void;
export declare class Speaker {
  hear(text: string): void;
  finish(text: string, ending: string): void;
  leave(): void;
}
