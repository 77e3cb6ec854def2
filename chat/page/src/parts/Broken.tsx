/** The last resort: where the page itself breaks, a word about it and the way on. Answers are the server's, and safe. */

import { Component, type ReactNode } from "react";
import { words } from "../words";

export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="sheet">
        <div className="card" role="alert">
          <p>{words.broken}</p>
          <button type="button" className="primary" onClick={() => location.reload()}>
            {words.reload}
          </button>
        </div>
      </main>
    );
  }
}
