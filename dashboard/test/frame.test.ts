import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameClock } from "../src/view/frame.ts";

/** A browser's animation frames by hand: sixty a second, none while hidden. */
class Screen {
  #waiting: FrameRequestCallback[] = [];
  now = 0;

  constructor() {
    globalThis.requestAnimationFrame = (callback) => this.#waiting.push(callback);
  }

  pass(ms: number, each: () => void): void {
    for (const end = this.now + ms; this.now < end; this.now += 1_000 / 60) {
      each();
      for (const callback of this.#waiting.splice(0)) {
        callback(this.now);
      }
    }
  }
}

test("however fast data comes, at most ten frames a second are drawn, and the last one is", () => {
  const screen = new Screen();
  let [data, drawn, frames] = [0, 0, 0];
  const clock = new FrameClock(() => {
    drawn = data;
    frames += 1;
  });
  screen.pass(1_000, () => {
    for (let burst = 0; burst < 50; burst += 1) {
      data += 1;
      clock.request();
    }
  });
  assert.ok(frames >= 8 && frames <= 11, String(frames));
  screen.pass(200, () => undefined);
  assert.equal(drawn, data, "what came last is drawn");
});

test("without news nothing is drawn", () => {
  const screen = new Screen();
  let frames = 0;
  const clock = new FrameClock(() => {
    frames += 1;
  });
  clock.request();
  screen.pass(3_000, () => undefined);
  assert.equal(frames, 1);
});
