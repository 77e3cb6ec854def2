/** A base class of observable state for React components. */

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

/** Redraw the component after each change of `store`. */
export function useStore<S extends Store>(store: S): S {
  useSyncExternalStore(store.subscribe, store.version);
  return store;
}
