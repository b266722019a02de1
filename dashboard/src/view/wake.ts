// A wallboard keeps its screen awake, where the browser lets it: on a secure origin, while it is seen.

let lock: { readonly released: boolean; release(): Promise<void> } | undefined;
let isWanted = false;

/** Keeps the screen awake, or lets it sleep again. */
export async function keepAwake(wanted: boolean): Promise<void> {
  isWanted = wanted;
  try {
    if (!wanted) {
      await lock?.release();
      lock = undefined;
    } else if (!document.hidden && lock?.released !== false && "wakeLock" in navigator) {
      lock = await navigator.wakeLock.request("screen");
    }
  } catch {
    // Low battery, or a policy: the screen sleeps as it would.
  }
}

// The browser lets go of the lock when the page is hidden.
document.addEventListener("visibilitychange", () => {
  if (isWanted) {
    void keepAwake(true);
  }
});
