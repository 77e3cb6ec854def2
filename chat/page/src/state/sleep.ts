/** Pauses between attempts to reach the server. */

/** Milliseconds before each new attempt without a network: quick after a short fault, slow in an outage. */
const PAUSES = [300, 700, 1500, 3000, 6000];
const LONGEST_PAUSE = 10_000;

/** Return the milliseconds to wait after this many failures in a row. */
export const pauseAfter = (failures: number) => PAUSES[failures - 1] ?? LONGEST_PAUSE;

export interface Sleep {
  done: Promise<void>;
  wake(): void;
}

/** Resolve after some milliseconds, or earlier when `wake` is called or the network is back. */
export function sleep(milliseconds: number): Sleep {
  let wake = () => {};
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(() => wake(), milliseconds);
    wake = () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      resolve();
    };
    addEventListener("online", wake);
  });
  return { done, wake: () => wake() };
}
