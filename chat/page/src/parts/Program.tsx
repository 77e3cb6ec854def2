/** An interface, drawn by OpenUI. Its code comes when it is needed; until then, and if it breaks, the words are there. */

import { Component, lazy, type ReactNode, Suspense } from "react";
import { type Actions, Readable } from "./Readable";

export const loadInterface = () => import("../openui/Interface");

const Interface = lazy(loadInterface);

interface Props {
  program: string;
  running: boolean;
  actions: Actions;
  /** Part of the program cannot be shown: somebody else has to show all of it. */
  lost(): void;
}

export function Program(props: Props) {
  const words = <Readable text={props.program} running={props.running} actions={props.actions} />;
  return (
    <Fallback words={words}>
      <Suspense fallback={words}>
        <Interface {...props} />
      </Suspense>
    </Fallback>
  );
}

/** A program that breaks the renderer, or a renderer that could not be loaded, leaves the words. */
class Fallback extends Component<{ words: ReactNode; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? this.props.words : this.props.children;
  }
}
