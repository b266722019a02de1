// What this browser remembers for its reader. A browser that keeps nothing is no error: then the page
// begins as it is.

/** Reads what was kept under a name; `otherwise` where there is nothing that can be read. */
export function recall<Value>(name: string, otherwise: Value): Value {
  try {
    const text = localStorage.getItem(`streamgauge.${name}`);
    return text === null ? otherwise : (JSON.parse(text) as Value);
  } catch {
    return otherwise;
  }
}

/** Keeps a value under a name. */
export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`streamgauge.${name}`, JSON.stringify(value));
  } catch {
    // Private windows may refuse.
  }
}
