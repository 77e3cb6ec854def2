/** The part of Mermaid that the frame calls; the package brings no types of its own. */
interface Mermaid {
  initialize(options: Record<string, unknown>): void;
  render(name: string, source: string): Promise<{ svg: string }>;
}

/** Set by Mermaid's script. */
declare var mermaid: Mermaid;
