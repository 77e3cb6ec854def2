export class ChatClient extends AccountClient {
    /** @param {import("./http.js").ClientOptions} [options] */
    constructor(options?: import("./http.js").ClientOptions);
    /** Return the user and the models; a visitor becomes a guest where guests are on. */
    session(): Promise<import("./shapes.js").Session>;
    /**
     * Send a prompt. The ids are fixed now, so that a repeat after a lost connection makes nothing twice.
     *
     * @param {import("./shapes.js").Content} content
     * @param {import("./shapes.js").SendOptions} [options]
     */
    send(content: import("./shapes.js").Content, { promptId, threadId, responseId, signal, ...choices }?: import("./shapes.js").SendOptions): Stream;
    /**
     * Follow a response that exists, from where a reader is.
     *
     * @param {string} responseId
     * @param {import("./shapes.js").FollowOptions} [options]
     */
    follow(responseId: string, options?: import("./shapes.js").FollowOptions): Stream;
    /**
     * Request another answer to the prompt of a response.
     *
     * @param {string} answeredId
     * @param {import("./shapes.js").Choices} [options]
     */
    regenerate(answeredId: string, { responseId, signal, ...choices }?: import("./shapes.js").Choices): Stream;
    /**
     * @param {string} responseId
     * @returns {Promise<import("./shapes.js").ResponseState>}
     */
    response(responseId: string): Promise<import("./shapes.js").ResponseState>;
    /**
     * Stop a response; with `offset` the stored text keeps the bytes that a reader has received.
     *
     * @param {string} responseId
     * @param {number} [offset]
     * @returns {Promise<{ status: import("./shapes.js").ResponseStatus }>}
     */
    stop(responseId: string, offset?: number): Promise<{
        status: import("./shapes.js").ResponseStatus;
    }>;
    /**
     * Answer a request of a waiting response. Return the response's status: it goes on with the last answer that lacked.
     *
     * @param {string} responseId
     * @param {string} requestId
     * @param {"approved" | "rejected" | "answered"} outcome
     * @param {import("./shapes.js").AnswerFields} [fields]
     * @returns {Promise<{ status: import("./shapes.js").ResponseStatus }>}
     */
    answer(responseId: string, requestId: string, outcome: "approved" | "rejected" | "answered", fields?: import("./shapes.js").AnswerFields): Promise<{
        status: import("./shapes.js").ResponseStatus;
    }>;
    /**
     * Return a page of threads, last activity first.
     *
     * @param {import("./shapes.js").ThreadQuery} [parameters]
     * @returns {Promise<import("./shapes.js").ThreadPage>}
     */
    threads(parameters?: import("./shapes.js").ThreadQuery): Promise<import("./shapes.js").ThreadPage>;
    /**
     * @param {string} threadId
     * @returns {Promise<import("./shapes.js").Thread>}
     */
    thread(threadId: string): Promise<import("./shapes.js").Thread>;
    /**
     * Create a thread, or return the one of that id.
     *
     * @param {{ threadId?: string, title?: string, message?: string, model?: string, systemPrompt?: string }} [fields]
     * @returns {Promise<import("./shapes.js").Thread>}
     */
    createThread(fields?: {
        threadId?: string;
        title?: string;
        message?: string;
        model?: string;
        systemPrompt?: string;
    }): Promise<import("./shapes.js").Thread>;
    /**
     * Change a thread; `leaf` is a message of the branch to show. Return the changed thread.
     *
     * @param {string} threadId
     * @param {{ title?: string, archived?: boolean, pinned?: boolean, systemPrompt?: string, leaf?: string }} change
     * @returns {Promise<import("./shapes.js").Thread>}
     */
    updateThread(threadId: string, change: {
        title?: string;
        archived?: boolean;
        pinned?: boolean;
        systemPrompt?: string;
        leaf?: string;
    }): Promise<import("./shapes.js").Thread>;
    /** @param {string} threadId */
    deleteThread(threadId: string): Promise<void>;
    /**
     * Return a page of messages, oldest first.
     *
     * @param {string} threadId
     * @param {import("./shapes.js").MessageQuery} [parameters]
     * @returns {Promise<import("./shapes.js").MessagePage>}
     */
    messages(threadId: string, parameters?: import("./shapes.js").MessageQuery): Promise<import("./shapes.js").MessagePage>;
    /**
     * Replace the content of a reply that has ended.
     *
     * @param {string} threadId
     * @param {string} messageId
     * @param {string} content
     */
    replaceMessage(threadId: string, messageId: string, content: string): Promise<void>;
    /**
     * Rate a reply.
     *
     * @param {string} threadId
     * @param {string} messageId
     * @param {number} score -1, 0 or 1
     */
    rateMessage(threadId: string, messageId: string, score: number): Promise<void>;
    /**
     * Return the read-only links to a thread.
     *
     * @param {string} threadId
     * @returns {Promise<{ shares: import("./shapes.js").Share[] }>}
     */
    shares(threadId: string): Promise<{
        shares: import("./shapes.js").Share[];
    }>;
    /**
     * Make a link to a thread, or to one message of it alone.
     *
     * @param {string} threadId
     * @param {string} [messageId]
     * @returns {Promise<import("./shapes.js").Share>}
     */
    createShare(threadId: string, messageId?: string): Promise<import("./shapes.js").Share>;
    /**
     * @param {string} threadId
     * @param {string} shareId
     */
    deleteShare(threadId: string, shareId: string): Promise<void>;
    /**
     * Return the address of a thread's export file.
     *
     * @param {string} threadId
     * @param {"markdown" | "json"} format
     */
    exportUrl(threadId: string, format: "markdown" | "json"): string;
    /**
     * Return the artifacts of a thread, each at its newest version, the newest first.
     *
     * @param {string} threadId
     * @returns {Promise<{ artifacts: import("./shapes.js").Artifact[] }>}
     */
    artifacts(threadId: string): Promise<{
        artifacts: import("./shapes.js").Artifact[];
    }>;
    /**
     * Return a version of an artifact, by default the newest, with its text and all versions.
     *
     * @param {string} artifactId
     * @param {number} [version]
     * @returns {Promise<import("./shapes.js").ArtifactDetail>}
     */
    artifact(artifactId: string, version?: number): Promise<import("./shapes.js").ArtifactDetail>;
    /**
     * Store the chats of an export, of this server, ChatGPT or Open WebUI; those that are there already stay as they are.
     *
     * @param {object} chats
     * @returns {Promise<import("./shapes.js").ImportResult>}
     */
    importChats(chats: object): Promise<import("./shapes.js").ImportResult>;
    /**
     * Report changes of the user's threads, in browsers. Return an object with `close`.
     *
     * @param {import("./shapes.js").WatchCallbacks} on
     */
    watch(on: import("./shapes.js").WatchCallbacks): Watcher;
    #private;
}
import { AccountClient } from "./account.js";
import { Stream } from "./stream.js";
import { Watcher } from "./watcher.js";
