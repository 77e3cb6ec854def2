/** A client of the chat server: send, follow, resume, stop, history, attachments. */

export { ChatClient } from "./client.js";
export { ChatClientError, ConnectionLostError, ProblemError, ProtocolError, ResponseFailedError } from "./errors.js";
export { Stream } from "./stream.js";

/** @typedef {import("./shapes.js").Budget} Budget */
/** @typedef {import("./shapes.js").RequestClosed} RequestClosed */
/** @typedef {import("./shapes.js").AnswerFields} AnswerFields */
/** @typedef {import("./shapes.js").Attachment} Attachment */
/** @typedef {import("./shapes.js").Artifact} Artifact */
/** @typedef {import("./shapes.js").ArtifactDetail} ArtifactDetail */
/** @typedef {import("./shapes.js").AttachmentText} AttachmentText */
/** @typedef {import("./shapes.js").Choices} Choices */
/** @typedef {import("./shapes.js").Content} Content */
/** @typedef {import("./shapes.js").StreamEnd} StreamEnd */
/** @typedef {import("./shapes.js").FollowOptions} FollowOptions */
/** @typedef {import("./shapes.js").ImportResult} ImportResult */
/** @typedef {import("./shapes.js").Message} Message */
/** @typedef {import("./shapes.js").MessagePage} MessagePage */
/** @typedef {import("./shapes.js").MessageQuery} MessageQuery */
/** @typedef {import("./shapes.js").ModelDetails} ModelDetails */
/** @typedef {import("./shapes.js").PersonRequest} PersonRequest */
/** @typedef {import("./shapes.js").EndedRequest} EndedRequest */
/** @typedef {import("./shapes.js").Reconnecting} Reconnecting */
/** @typedef {import("./shapes.js").RequestOpened} RequestOpened */
/** @typedef {import("./shapes.js").RequestOutcome} RequestOutcome */
/** @typedef {import("./shapes.js").ResponseState} ResponseState */
/** @typedef {import("./shapes.js").ResponseStatus} ResponseStatus */
/** @typedef {import("./shapes.js").SendOptions} SendOptions */
/** @typedef {import("./shapes.js").ServerConnection} ServerConnection */
/** @typedef {import("./shapes.js").ServerError} ServerError */
/** @typedef {import("./shapes.js").ServerPrompt} ServerPrompt */
/** @typedef {import("./shapes.js").Session} Session */
/** @typedef {import("./shapes.js").Share} Share */
/** @typedef {import("./shapes.js").StreamStart} StreamStart */
/** @typedef {import("./shapes.js").StreamEvent} StreamEvent */
/** @typedef {import("./shapes.js").TextDelta} TextDelta */
/** @typedef {import("./shapes.js").ThinkingDelta} ThinkingDelta */
/** @typedef {import("./shapes.js").Thought} Thought */
/** @typedef {import("./shapes.js").Thread} Thread */
/** @typedef {import("./shapes.js").ThreadPage} ThreadPage */
/** @typedef {import("./shapes.js").ThreadQuery} ThreadQuery */
/** @typedef {import("./shapes.js").ThreadSearchResult} ThreadSearchResult */
/** @typedef {import("./shapes.js").Token} Token */
/** @typedef {import("./shapes.js").Tool} Tool */
/** @typedef {import("./shapes.js").ToolProgress} ToolProgress */
/** @typedef {import("./shapes.js").ToolUpdate} ToolUpdate */
/** @typedef {import("./shapes.js").Usage} Usage */
/** @typedef {import("./shapes.js").WatchCallbacks} WatchCallbacks */
/** @typedef {import("./http.js").ClientOptions} ClientOptions */
