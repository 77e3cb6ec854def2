/** The part of Thesys' client that this page uses, written from its public guides; nothing is copied from the package. */
declare module "@thesysai/genui-sdk" {
  export interface C1Message {
    id: string;
    role: string;
    content: unknown;
  }

  export interface C1Thread {
    threadId: string;
    title: string;
    createdAt: Date;
  }

  export interface ThreadListManager {
    selectedThreadId: string | null;
    selectThread(threadId: string): void;
    switchToNewThread(): void;
  }

  /** A message in the state of the MIT-licensed package below the client. */
  export interface Shown {
    id: string;
    message?: string | { templateProps?: Record<string, unknown> }[];
  }

  export interface ThreadManager {
    isRunning: boolean;
    messages: Shown[];
    setMessages(messages: Shown[]): void;
  }

  export interface Sent {
    threadId: string;
    responseId: string;
    messages: C1Message[];
    abortController: AbortController;
  }

  export function useThreadListManager(options: {
    fetchThreadList(): Promise<C1Thread[]>;
    createThread(first: C1Message): Promise<C1Thread>;
    deleteThread(threadId: string): Promise<void>;
    updateThread(thread: C1Thread): Promise<C1Thread>;
    onSelectThread(threadId: string): void;
    onSwitchToNew(): void;
  }): ThreadListManager;

  export function useThreadManager(options: {
    threadListManager: ThreadListManager;
    loadThread(threadId: string): Promise<C1Message[]>;
    onUpdateMessage(update: { message: C1Message }): void;
    processMessage(sent: Sent): Promise<Response>;
  }): ThreadManager;

  export function C1Chat(props: {
    threadManager: ThreadManager;
    threadListManager: ThreadListManager;
    formFactor: "full-page" | "side-panel";
    agentName: string;
    logoUrl: string;
    theme: { mode: "light" | "dark" };
    welcomeMessage: { title: string; description: string };
    conversationStarters: { variant: "short" | "long"; options: { displayText: string; prompt: string }[] };
  }): React.ReactNode;
}
