// The page's own frame clock: however fast data comes, it is drawn at most ten times a second, and
// not at all while nobody can see it (a hidden page gets no animation frames).

/** Draws on animation frames, at least `gapMs` apart. */
export class FrameClock {
  #isAsked = false;
  #drawnAt = -Infinity;
  readonly #draw: () => void;
  readonly #gapMs: number;

  constructor(draw: () => void, gapMs = 100) {
    this.#draw = draw;
    this.#gapMs = gapMs;
  }

  /** Asks for a frame; many requests make one. */
  request(): void {
    if (!this.#isAsked) {
      this.#isAsked = true;
      requestAnimationFrame(this.#frame);
    }
  }

  readonly #frame = (now: number): void => {
    if (now - this.#drawnAt < this.#gapMs) {
      requestAnimationFrame(this.#frame);
      return;
    }
    this.#isAsked = false;
    this.#drawnAt = now;
    this.#draw();
  };
}
