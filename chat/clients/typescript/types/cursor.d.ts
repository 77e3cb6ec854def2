/**
 * @typedef {object} ServerSentEvent
 * @property {string} event
 * @property {string} id
 * @property {any} data
 */
/** An incremental decoder of server-sent events; comments and unknown fields are dropped. */
export class EventDecoder {
    /**
     * Return the events that are complete with these bytes.
     *
     * @param {Uint8Array} bytes
     */
    feed(bytes: Uint8Array): ServerSentEvent[];
    #private;
}
export class Cursor {
    /**
     * @param {number} offset the UTF-8 bytes of text already received
     * @param {number} thinkingOffset the same for thought
     */
    constructor(offset: number, thinkingOffset: number);
    offset: number;
    thinkingOffset: number;
    /**
     * Return the event for a reader, or null if it brings nothing new.
     *
     * @param {ServerSentEvent} received
     * @returns {import("./shapes.js").StreamEvent | null}
     */
    take({ event, id, data }: ServerSentEvent): import("./shapes.js").StreamEvent | null;
    #private;
}
export type ServerSentEvent = {
    event: string;
    id: string;
    data: any;
};
