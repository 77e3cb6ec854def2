/** The last resort for errors of the page itself: a message and a button to reload. No answer is lost, the server keeps them. */

import { Component, type ReactNode } from "react";
import { words } from "../words";

export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
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
