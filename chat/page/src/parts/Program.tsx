/** An interface, drawn by OpenUI. Its code is loaded on demand; until then, and after an error, its text is shown. */

import { Component, lazy, type ReactNode, Suspense } from "react";
import { type Actions, Readable } from "./Readable";

export const loadInterface = () => import("../openui/Interface");

const Interface = lazy(loadInterface);

interface Props {
  program: string;
  running: boolean;
  actions: Actions;
  /** Called when part of the program cannot be shown: the parent then shows all of it as text. */
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

/** Show the text if the program breaks the renderer or the renderer could not be loaded. */
class Fallback extends Component<{ words: ReactNode; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? this.props.words : this.props.children;
  }
}
