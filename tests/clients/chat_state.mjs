// The state of a chat as the AI SDK's frameworks keep it. `changed` is called after each change.
export class State {
  status = "ready";
  error = undefined;

  constructor(messages, changed) {
    this.messages = messages;
    this.changed = changed;
  }

  pushMessage = (message) => {
    this.messages = [...this.messages, message];
    this.changed();
  };
  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (at, message) => {
    this.messages = this.messages.with(at, message);
    this.changed();
  };
  snapshot = structuredClone;
}
