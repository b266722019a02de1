// Why the engine is not ready, in the words of /readyz: one line that cannot be overlooked.

import { setText } from "../dom.ts";

export class Readiness {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  draw(reasons: readonly string[]): void {
    this.#place.hidden = reasons.length === 0;
    setText(this.#place, reasons.length === 0 ? "" : `▲ Not ready: ${reasons.join(" · ")}`);
  }
}
