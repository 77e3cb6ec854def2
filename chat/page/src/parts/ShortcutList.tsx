/** The list of keyboard shortcuts. */

import { SHORTCUTS } from "../state/shortcuts";
import { words } from "../words";
import { Overlay } from "./Overlay";

export default function ShortcutList({ leave }: { leave: () => void }) {
  return (
    <Overlay id="shortcuts" title={words.shortcutList} leave={leave}>
      <dl className="shortcuts">
        {Object.entries(SHORTCUTS).map(([name, keys]) => (
          <div key={name}>
            <dt>{words.shortcuts[name]}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{words.keyNames[key] ?? key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Overlay>
  );
}
