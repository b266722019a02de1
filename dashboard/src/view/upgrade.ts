// A page that hangs on a wall for months must not be that of last spring: when another process
// answers and it carries another page, this one is reloaded, once.

/** Within this time no second reload is made, whatever the server says, in milliseconds. */
const CALM_MS = 600_000;
const KEPT = "streamgauge.reloaded";

export class Upgrade {
  #engineId: string | undefined;
  #isDue = false;

  /** Hears of the process that answers. */
  heard(engineId: string): void {
    this.#isDue ||= this.#engineId !== undefined && this.#engineId !== engineId;
    this.#engineId = engineId;
    // Whoever types is not interrupted; the next answer asks again.
    if (this.#isDue && !(document.activeElement instanceof HTMLInputElement)) {
      this.#isDue = false;
      void this.#compare();
    }
  }

  async #compare(): Promise<void> {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", headers: { accept: "text/html" } });
      const theirs = scripts(new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (!answer.ok || theirs === "" || theirs === scripts(document)) {
        return;
      }
      const last = Number(sessionStorage.getItem(KEPT) ?? -Infinity);
      if (Date.now() - last > CALM_MS) {
        sessionStorage.setItem(KEPT, String(Date.now()));
        location.reload();
      }
    } catch {
      // Without an answer, or without memory, nothing is reloaded.
    }
  }
}

/** The names of a page's scripts: they carry the hash of what they hold. */
function scripts(page: Document): string {
  return [...page.querySelectorAll("script[src]")].map((script) => script.getAttribute("src")).join();
}
