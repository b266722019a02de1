// A wallboard that changes by itself: one view after the other, for as long as the URL says.

import { stops } from "./address.ts";
import type { Choice } from "./choice.ts";

/** A hand on the screen stops the change for this long, in milliseconds. */
const REST_MS = 60_000;

export class Rotation {
  readonly #choice: Choice;
  #place = -1;
  #nextAt = 0;

  constructor(choice: Choice) {
    this.#choice = choice;
    for (const event of ["pointerdown", "keydown"]) {
      addEventListener(event, () => {
        this.#nextAt = Math.max(this.#nextAt, performance.now() + REST_MS);
      });
    }
  }

  /** Which view of how many stands; none while nothing changes. */
  get place(): { readonly index: number; readonly count: number } | undefined {
    const { wall, rotate, views } = this.#choice.view;
    return wall && rotate !== undefined && this.#place >= 0
      ? { index: this.#place, count: stops(views).length }
      : undefined;
  }

  /** Shows the next view when it is time; `now` is monotonic, in milliseconds. */
  tick(now: number): void {
    const { wall, rotate, views } = this.#choice.view;
    if (!wall || rotate === undefined) {
      this.#place = -1;
      this.#nextAt = 0;
      return;
    }
    if (now < this.#nextAt) {
      return;
    }
    const all = stops(views);
    this.#place = (this.#place + 1) % all.length;
    this.#nextAt = now + rotate * 1_000;
    const stop = all[this.#place];
    if (stop !== undefined) {
      const { by, group, kind, window } = stop;
      this.#choice.show(window === undefined ? { by, group, kind } : { by, group, kind, window });
    }
  }
}
