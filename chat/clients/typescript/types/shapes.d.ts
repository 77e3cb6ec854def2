/** The server's JSON, and the events of a stream. */
export type ResponseStatus = "queued" | "streaming" | "waiting" | "done" | "failed" | "stopped" | "interrupted";
/** A text, or a list of OpenAI's content parts. */
export type Content = string | object[];
export interface Thread {
    threadId: string;
    title: string;
    createdAt: string;
    updatedAt: string;
    archived: boolean;
    pinned: boolean;
    /** In no list, and deleted a day after its last activity. */
    temporary: boolean;
    model: string | null;
    activeResponseId: string | null;
    /** The active response waits for a person; missing in answers of older servers. */
    waiting?: boolean;
}
/** A thread in search results; `ranges` count code points, not UTF-16 units. */
export interface ThreadSearchResult extends Thread {
    excerpt?: {
        text: string;
        ranges: [number, number][];
        messageId?: string;
    };
}
/** `q` searches titles and messages; then the threads come by rank. */
export interface ThreadQuery {
    q?: string;
    cursor?: string | null;
    archived?: "true" | "false" | "any";
    pinned?: "true" | "false" | "any";
    limit?: number;
}
export interface ThreadPage {
    threads: ThreadSearchResult[];
    nextCursor: string | null;
}
export interface Thought {
    text: string;
    seconds: number | null;
}
export interface Tool {
    id?: string;
    name: string;
    state: "started" | "done" | "failed";
    /** Given where the server shows them to the owner; null where the call is not stored. */
    arguments?: Record<string, unknown> | string | null;
    result?: string | null;
    /** Paths of the pictures in the result. */
    pictures?: string[];
    /** How far a running call is, as the tool itself says. */
    progress?: ToolProgress;
}
/** A fraction of 1, and a few words; what is missing is unknown. */
export interface ToolProgress {
    fraction?: number;
    message?: string;
}
export interface Message {
    id: string;
    role: "user" | "assistant";
    content: unknown;
    createdAt: string;
    status: ResponseStatus;
    offset: number | null;
    versions: string[];
    feedback: {
        score: number;
    } | null;
    thinking: Thought | null;
    tools: Tool[];
    /** Missing in answers of older servers. */
    requests?: EndedRequest[];
    /** Pictures and files that a prompt shows or a tool gave, as far as they exist; missing in answers of older servers. */
    attachments?: Attachment[];
    /** Artifacts in a reply, each a version; missing in answers of older servers. */
    artifacts?: Artifact[];
}
/** A version of a document in a reply, whose text the message holds. */
export interface Artifact {
    artifactId: string;
    kind: string;
    title: string;
    version: number;
    messageId: string;
    createdAt: string;
}
/** A version with its text, and all versions, oldest first. */
export interface ArtifactDetail extends Artifact {
    content: string;
    versions: Artifact[];
}
/** A request to a person that has ended, and the offset of the text at which it stood; `answeredBy` is a user's name. */
export interface EndedRequest {
    requestId: string;
    kind: "approve" | "ask" | "client";
    tool: string;
    callId: string;
    outcome: RequestOutcome;
    offset: number;
    answeredAt: string;
    answeredBy: string | null;
}
/** Messages, oldest first; `hasMore` if there are earlier ones. */
export interface MessagePage {
    messages: Message[];
    hasMore: boolean;
}
/** `before`: the id of a message; the page ends ahead of it. `leaf`: a message of another branch. */
export interface MessageQuery {
    before?: string;
    leaf?: string;
    limit?: number;
}
export interface Session {
    user: {
        username: string;
    };
    guest: boolean;
    csrfToken: string;
    models: (string | {
        name: string;
    })[];
    imageModels?: string[];
    /** Largest size of a picture or file, in bytes. */
    attachmentBytes?: number;
    /** Kinds of files that the server takes beside pictures. */
    fileKinds?: string[];
    /** The efforts that a prompt may ask of each model that offers any. */
    efforts?: Record<string, string[]>;
    /** Texts and abilities of each model; the texts are empty where the server's operator gave none. */
    modelDetails?: Record<string, ModelDetails>;
    demo: boolean;
    /** True where there are servers that users connect. */
    connections?: boolean;
    /** True where there are MCP servers, which may offer prompts. */
    serverPrompts?: boolean;
    /** What the user may spend, by rules and by the server. */
    budgets?: Budget[];
}
/** A budget in a rolling window. `group`: the group whose rule it is; `shared`: its members spend it together. */
export interface Budget {
    budget: "responses_per_hour" | "tokens_per_day" | "tokens_per_month" | "money_per_day" | "money_per_month";
    source: "server" | "user" | "group";
    group: string | null;
    shared: boolean;
    limit: number;
    spent: number;
    currency: string | null;
    /** When more is free, where nothing is left. */
    renewsAt: string | null;
}
/** A prompt of an MCP server; its arguments are texts. */
export interface ServerPrompt {
    server: string;
    name: string;
    title: string;
    description: string;
    arguments: {
        name: string;
        description: string;
        required: boolean;
    }[];
}
/** `demo`: the demo model answers for it. `interfaces`: it writes components. */
export interface ModelDetails {
    title: string;
    description: string;
    images: boolean;
    tools: boolean;
    interfaces: boolean;
    demo: boolean;
}
/** A server whose tools run with the user's account there. `refused`: it no longer takes the sign-in. */
export interface ServerConnection {
    server: string;
    state: "connected" | "refused" | "none";
    connectedAt: string | null;
    usedAt: string | null;
}
/** A bearer token of a program, without the token itself. */
export interface Token {
    id: string;
    name: string;
    scopes: ("read" | "send" | "manage")[];
    expiresAt: string | null;
    createdAt: string;
}
/** The ids of the new chats, and the numbers of those that were known and of those without text. */
export interface ImportResult {
    threads: string[];
    known: number;
    empty: number;
}
export interface Share {
    shareId: string;
    url: string;
    createdAt: string;
    expiresAt: string | null;
    /** The one message that is shared; null for a thread. */
    messageId: string | null;
}
/** A stored picture or file. `pages`: of a file that has some; `detail`: why its text could not be read, `code` for programs. */
export interface Attachment {
    attachmentId: string;
    url: string;
    contentType: string;
    size: number;
    name: string;
    pages: number | null;
    state: "ready" | "reading" | "failed";
    detail: string | null;
    code: "damaged" | "suspicious" | "encrypted" | "macros" | "too_large" | "no_text" | "interrupted" | null;
    createdAt: string;
}
export interface AttachmentPage {
    attachments: Attachment[];
    nextCursor: string | null;
}
/** A page of the text of a file, as models get it; `nextCursor` leads to the next one. */
export interface AttachmentText extends Attachment {
    passages: {
        label: string;
        text: string;
    }[];
    nextCursor: number | null;
}
export interface ServerError {
    code: string;
    message: string;
    retryable: boolean;
}
export interface Usage {
    promptTokens: number;
    completionTokens: number;
    reasoningTokens?: number;
    cachedTokens?: number;
    source: "provider" | "estimated";
}
export interface ResponseState {
    id: string;
    threadId: string;
    status: ResponseStatus;
    model: string;
    offset: number;
    keptOffset: number | null;
    thinkingOffset: number;
    thinkingSeconds: number | null;
    finishReason: string | null;
    usage: Usage | null;
    error: ServerError | null;
    createdAt: string;
    firstTokenAt: string | null;
    finishedAt: string | null;
    /** What a waiting response asks; empty for all others. */
    requests: PersonRequest[];
}
/** A request to a person, for whom the response waits until `deadline`. */
export interface PersonRequest {
    requestId: string;
    /** Consent to a tool call, a form, or the result of a tool of the client. */
    kind: "approve" | "ask" | "client";
    tool: string;
    callId: string;
    deadline: string;
    /** The arguments of the call; they may be replaced where `editable` is true. */
    arguments?: unknown;
    editable?: boolean;
    /** Staff answer in the admin; without it the user does. */
    by?: "staff";
    /** The JSON schema of the form. */
    schema?: Record<string, unknown>;
    message?: string;
}
/** The last two are the server's. */
export type RequestOutcome = "approved" | "rejected" | "answered" | "expired" | "cancelled";
/**
 * `arguments` in place of the model's, with an approval; the `content` of a form; the `result` of a client's tool. `forThread`: the
 * approval counts for all later calls of the tool in the thread.
 */
export interface AnswerFields {
    arguments?: Record<string, unknown>;
    content?: unknown;
    result?: unknown;
    forThread?: boolean;
}
/** Choices of a prompt or of another answer. */
export interface Choices {
    responseId?: string;
    model?: string;
    effort?: string;
    busy?: "interrupt" | "reject" | "queue";
    signal?: AbortSignal;
}
/**
 * `parentId`: the message that the prompt follows, where that is not the thread's last; null for none. `temporary`: a new thread
 * is in no list, and is deleted a day after its last activity.
 */
export interface SendOptions extends Choices {
    promptId?: string;
    threadId?: string;
    parentId?: string | null;
    temporary?: boolean;
}
/** `offset` and `thinkingOffset`: the UTF-8 bytes of text and of thought already received. */
export interface FollowOptions {
    offset?: number;
    thinkingOffset?: number;
    signal?: AbortSignal;
}
/** The connection is open: the first event, and the first after each reconnect. */
export interface StreamStart {
    type: "start";
    responseId: string;
    threadId: string;
    status: ResponseStatus;
    offset: number;
}
/** The next text, whole characters; `offset` counts the UTF-8 bytes up to its end. */
export interface TextDelta {
    type: "text";
    text: string;
    offset: number;
}
/** The model's next thought; `thinkingOffset` counts the UTF-8 bytes up to its end. */
export interface ThinkingDelta {
    type: "thinking";
    text: string;
    thinkingOffset: number;
}
/** A tool's state: a hint while it happens, never repeated. */
export interface ToolUpdate extends Omit<Tool, "id"> {
    type: "tool";
    /** The `id` of the call in a message's `tools`; missing in events of older servers. */
    callId?: string;
}
/** The response waits for a person: it goes on, in the same stream, after an `answer`. A reconnect may repeat it. */
export interface RequestOpened extends PersonRequest {
    type: "request";
}
/** A request has ended. A reconnect may repeat it. */
export interface RequestClosed {
    type: "answer";
    requestId: string;
    outcome: RequestOutcome;
}
/** The connection was lost or refused for now; the stream opens a new one after `seconds`. */
export interface Reconnecting {
    type: "reconnecting";
    seconds: number;
    error: Error;
}
/** The end of the response: exactly one, last. */
export interface StreamEnd {
    type: "end";
    status: ResponseStatus;
    finishReason: string | null;
    usage: Usage | null;
    error: ServerError | null;
    keptOffset: number | null;
}
export type StreamEvent = StreamStart | TextDelta | ThinkingDelta | ToolUpdate | RequestOpened | RequestClosed | Reconnecting | StreamEnd;
/** Callbacks of `watch`: a thread's change; `back` after each connect, when events may have been missed. */
export interface WatchCallbacks {
    thread(event: "created" | "updated" | "deleted", thread: Thread): void;
    back(): void;
}
