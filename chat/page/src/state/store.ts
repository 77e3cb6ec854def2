/** Something that changes and is shown: whoever shows it is told, and looks again. */

import { useSyncExternalStore } from "react";

export class Store {
  #listeners = new Set<() => void>();
  #version = 0;

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  version = () => this.#version;

  protected changed() {
    this.#version += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Draws the component anew whenever `store` has changed. */
export function useStore<S extends Store>(store: S): S {
  useSyncExternalStore(store.subscribe, store.version);
  return store;
}
