/** Show something simpler in place of a part that breaks, or whose code cannot be loaded. */

import { Component, type ReactNode } from "react";

export class Fallback extends Component<{ simple: ReactNode; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? this.props.simple : this.props.children;
  }
}
