/** The outbox in the browser: IndexedDB, whose transactions are atomic among tabs, and Web Locks. */

import type { OutboxStorage, Queue } from "./outbox";

const DATABASE = "chat";
const STORE = "outbox";

/** The storage that all tabs share; this tab's memory where the browser has none, forbids it, or it is full. */
export class BrowserStorage implements OutboxStorage {
  #database = opened();
  #memory = new Map<string, Queue>();
  #channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("chat.outbox");

  async all() {
    const database = await this.#database;
    return database ? stored(database) : new Map(this.#memory);
  }

  async change(threadId: string, change: (queue: Queue) => Queue): Promise<Queue> {
    const database = await this.#database;
    if (!database) return this.#remember(threadId, change(this.#memory.get(threadId) ?? []));
    try {
      const { queue, differs } = await changed(database, threadId, change);
      if (differs) this.#channel?.postMessage(threadId);
      return queue;
    } catch {
      this.#memory = await stored(database).catch(() => new Map<string, Queue>());
      this.#database = Promise.resolve(null);
      return this.change(threadId, change);
    }
  }

  watch(listener: (threadId: string) => void) {
    this.#channel?.addEventListener("message", ({ data }) => listener(String(data)));
  }

  #remember(threadId: string, queue: Queue): Queue {
    if (queue.length) this.#memory.set(threadId, queue);
    else this.#memory.delete(threadId);
    return queue;
  }
}

/** Run `work` while no other tab runs any under this name. Plain http has no locks: the fixed ids alone protect there. */
export async function exclusive(name: string, work: () => Promise<void>): Promise<void> {
  await (navigator.locks ? navigator.locks.request(`chat.outbox.${name}`, work) : work());
}

function opened(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

function stored(db: IDBDatabase): Promise<Map<string, Queue>> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, Queue>();
    const cursor = db.transaction(STORE).objectStore(STORE).openCursor();
    cursor.onerror = () => reject(cursor.error ?? new Error("The outbox cannot be read."));
    cursor.onsuccess = () => {
      const { result } = cursor;
      if (!result) return resolve(found);
      found.set(String(result.key), result.value as Queue);
      result.continue();
    };
  });
}

function changed(db: IDBDatabase, threadId: string, change: (queue: Queue) => Queue): Promise<{ queue: Queue; differs: boolean }> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    const reading = store.get(threadId);
    let outcome = { queue: [] as Queue, differs: false };
    reading.onsuccess = () => {
      const before = (reading.result as Queue | undefined) ?? [];
      const queue = change(before);
      outcome = { queue, differs: queue !== before };
      if (!outcome.differs) return;
      if (queue.length) store.put(queue, threadId);
      else store.delete(threadId);
    };
    transaction.oncomplete = () => resolve(outcome);
    transaction.onabort = () => reject(transaction.error ?? new Error("The outbox cannot be written."));
  });
}
