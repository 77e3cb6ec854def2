export class AccountClient {
    /** @param {import("./http.js").Http} http */
    constructor(http: import("./http.js").Http);
    /**
     * Return the user's instructions for new chats.
     *
     * @returns {Promise<{ instructions: string }>}
     */
    instructions(): Promise<{
        instructions: string;
    }>;
    /** @param {string} instructions */
    setInstructions(instructions: string): Promise<void>;
    /**
     * Return the tokens of the user's programs; to a program itself they are unknown.
     *
     * @returns {Promise<{ tokens: import("./shapes.js").Token[] }>}
     */
    tokens(): Promise<{
        tokens: import("./shapes.js").Token[];
    }>;
    /**
     * Make a token, with all scopes and no end unless `limits` says otherwise. The returned one is its only copy.
     *
     * @param {string} name
     * @param {{ scopes?: import("./shapes.js").Token["scopes"], expiresAt?: string | null }} [limits]
     * @returns {Promise<{ token: string }>}
     */
    createToken(name: string, limits?: {
        scopes?: import("./shapes.js").Token["scopes"];
        expiresAt?: string | null;
    }): Promise<{
        token: string;
    }>;
    /** @param {string} tokenId */
    deleteToken(tokenId: string): Promise<void>;
    /**
     * Return the servers that the user may connect; to a program they are unknown.
     *
     * @returns {Promise<{ connections: import("./shapes.js").ServerConnection[] }>}
     */
    connections(): Promise<{
        connections: import("./shapes.js").ServerConnection[];
    }>;
    /**
     * Begin to connect a server: the browser has to open the returned address.
     *
     * @param {string} server
     * @returns {Promise<{ authorizationUrl: string }>}
     */
    connectServer(server: string): Promise<{
        authorizationUrl: string;
    }>;
    /** @param {string} server */
    disconnectServer(server: string): Promise<void>;
    /**
     * Return the prompts of the MCP servers that the user may use.
     *
     * @returns {Promise<{ prompts: import("./shapes.js").ServerPrompt[] }>}
     */
    serverPrompts(): Promise<{
        prompts: import("./shapes.js").ServerPrompt[];
    }>;
    /**
     * Return the text of a server's prompt, for the user to change and to send.
     *
     * @param {string} server
     * @param {string} name
     * @param {Record<string, string>} [args]
     * @returns {Promise<{ text: string }>}
     */
    serverPromptText(server: string, name: string, args?: Record<string, string>): Promise<{
        text: string;
    }>;
    /**
     * Upload a picture or a file. Return its id and address, for a content part of a prompt.
     *
     * @param {Blob} file
     * @param {string} [name]
     * @returns {Promise<import("./shapes.js").Attachment>}
     */
    upload(file: Blob, name?: string): Promise<import("./shapes.js").Attachment>;
    /**
     * Return a page of the user's pictures and files, newest first.
     *
     * @param {{ limit?: number, cursor?: string | null }} [parameters]
     * @returns {Promise<import("./shapes.js").AttachmentPage>}
     */
    attachments(parameters?: {
        limit?: number;
        cursor?: string | null;
    }): Promise<import("./shapes.js").AttachmentPage>;
    /**
     * Return the state of a picture or file.
     *
     * @param {string} attachmentId
     * @returns {Promise<import("./shapes.js").Attachment>}
     */
    attachment(attachmentId: string): Promise<import("./shapes.js").Attachment>;
    /**
     * Return a page of the text of a file, from behind `cursor` on.
     *
     * @param {string} attachmentId
     * @param {number} [cursor]
     * @returns {Promise<import("./shapes.js").AttachmentText>}
     */
    attachmentText(attachmentId: string, cursor?: number): Promise<import("./shapes.js").AttachmentText>;
    /** @param {string} attachmentId */
    deleteAttachment(attachmentId: string): Promise<void>;
    #private;
}
