import assert from "node:assert/strict";
import { test } from "node:test";

import { INITIAL, KINDS, SORTS, THEMES, WINDOWS, choiceOf, isOf, parse, serialise, stops, type View } from "../src/view/address.ts";
import { chartOf, detailsOf, figuresOf } from "../src/data/questions.ts";

test("a view survives its URL, whatever its names hold", () => {
  for (const group of [undefined, "", "a&b=c", "<img src=x>", "ünïcödé +%", "(none)"]) {
    for (const { key: window } of WINDOWS) {
      for (const sort of SORTS) {
        for (const theme of THEMES) {
          const kind = group === "(none)" ? "UNNAMED" : undefined;
          const view: View = { window, by: "deployment", group, kind, sort, reverse: true, search: "x y", silent: false, list: "awaiting", theme, history: true, wall: true, rotate: 30, views: "queue:a%2Cb@5m" };
          assert.deepEqual(parse(serialise(view)), view);
        }
      }
    }
  }
});

test("the initial view needs no query, and nonsense is the initial view", () => {
  assert.equal(serialise(INITIAL), "");
  assert.deepEqual(parse(""), INITIAL);
  assert.deepEqual(parse("?window=2h&by=agent&sort=up&theme=pink&list=all&wall=yes&x=y&rotate=soon&reverse=no"), INITIAL);
  for (const rotate of ["0", "4s", "3601", "-5s", "1e9", "61m", "", "5h"]) {
    assert.equal(parse(`?rotate=${rotate}`).rotate, undefined, rotate);
  }
});

test("a wallboard is a word in the URL, and may change by itself", () => {
  assert.equal(parse("?wall").wall, true);
  assert.equal(parse("?wall=1").wall, true);
  assert.equal(parse("?wall=0").wall, false);
  assert.equal(parse("?wall&rotate=30s").rotate, 30);
  assert.equal(parse("?wall&rotate=2m").rotate, 120);
  assert.equal(parse("?wall&rotate=45").rotate, 45);
  const usual = [
    { by: "queue", group: undefined, kind: undefined, window: undefined },
    { by: "deployment", group: undefined, kind: undefined, window: undefined },
  ];
  assert.deepEqual(stops(""), usual);
  assert.deepEqual(stops("agents,queue:%,queue@2h"), usual, "what is wrong is left out");
  assert.deepEqual(stops(parse("?views=queue@10s,queue:sales@5m,queue:a%252Cb,direction:inbound").views), [
    { by: "queue", group: undefined, kind: undefined, window: "10s" },
    { by: "queue", group: "sales", kind: undefined, window: "5m" },
    { by: "queue", group: "a,b", kind: undefined, window: undefined },
    { by: "direction", group: undefined, kind: undefined, window: undefined },
  ]);
});

test("a direction is nothing to drill down to", () => {
  assert.equal(parse("?by=direction&group=inbound").group, undefined);
});

test("the total is asked for with all its series, over the span of the window", () => {
  const asked = detailsOf({ ...INITIAL, window: "1h" });
  assert.deepEqual(
    [asked["chartBy"], asked["group"], asked["last"], asked["step"], asked["all"], asked["filter"]],
    [null, null, 3_540, 15, true, null],
  );
  assert.equal(figuresOf(INITIAL, 500)["one"], false);
});

test("a group's charts reach as far back as the engine keeps them, its sessions are filtered", () => {
  const view: View = { ...INITIAL, window: "1h", group: "vip" };
  const asked = detailsOf(view);
  assert.deepEqual([asked["chartBy"], asked["last"], asked["lead"], asked["step"], asked["all"]], ["QUEUE", 240, 300, 1, false]);
  assert.deepEqual(asked["filter"], { queue: "vip" });
  assert.deepEqual(detailsOf({ ...view, by: "deployment" })["filter"], { deployment: "vip" });
  const figures = figuresOf(view, 500);
  assert.deepEqual(figures, { interval: 500, by: "QUEUE", group: "vip", kind: null, one: true, window: "ONE_HOUR" });
});

test("every chart has a few hundred steps at most", () => {
  for (const { chartS, stepS } of WINDOWS) {
    assert.ok(chartS % stepS === 0 && chartS / stepS <= 300);
  }
});

test("a chart's rates are of the window of the cards, where enough is kept for it", () => {
  const mean = (window: View["window"], group?: string): number => chartOf({ ...INITIAL, window, group }).mean;
  assert.deepEqual(WINDOWS.map(({ key }) => mean(key)), [10, 60, 300, 60]);
  assert.deepEqual(WINDOWS.map(({ key }) => mean(key, "vip")), [10, 60, 60, 60]);
  for (const { key: window } of WINDOWS) {
    for (const group of [undefined, "vip"]) {
      const { last, mean, step } = chartOf({ ...INITIAL, window, group });
      assert.ok(last + mean <= (group === undefined ? 3_600 : 300), "no more is asked for than is kept");
      assert.ok(last % step === 0 && mean % step === 0);
    }
  }
});

test("the server searches and turns the order round", () => {
  const asked = detailsOf({ ...INITIAL, search: " que ", reverse: true, sort: "duration" });
  assert.deepEqual([asked["search"], asked["reverse"], asked["order"]], ["que", true, "ENDED_DURATION"]);
  assert.equal(detailsOf(INITIAL)["search"], null);
});

test("a queue named like what has none is another, in every URL", () => {
  for (const name of ["(none)", "other", "sales", "a:b@c", ""]) {
    for (const kind of KINDS) {
      const view: View = { ...INITIAL, ...choiceOf({ name, kind }) };
      const back = parse(serialise(view));
      assert.deepEqual(back, view);
      for (const other of KINDS) {
        assert.equal(isOf(back, { name, kind: other }), kind === other || (view.kind === undefined && name !== "(none)" && name !== "other"));
      }
      assert.equal(figuresOf(back, 500)["kind"], view.kind ?? null);
    }
  }
  assert.deepEqual(detailsOf({ ...INITIAL, group: "(none)", kind: "UNNAMED" })["filter"], { queue: "(none)", queueKind: "UNNAMED" });
  assert.equal(parse("?kind=unnamed").kind, undefined, "without a group it says nothing");
  assert.equal(parse("?group=x&kind=odd").kind, undefined);
  const stop = (text: string) => stops(text)[0];
  assert.deepEqual(stop("queue/unnamed@5m"), { by: "queue", group: "(none)", kind: "UNNAMED", window: "5m" });
  assert.deepEqual(stop("deployment/other"), { by: "deployment", group: "other", kind: "OTHER", window: undefined });
  assert.deepEqual(stop("queue/named:(none)"), { by: "queue", group: "(none)", kind: "NAMED", window: undefined });
  assert.deepEqual(stop("queue:a:b%40c@5m"), { by: "queue", group: "a:b@c", kind: undefined, window: "5m" });
  assert.equal(stops("queue/odd,queue").length, 1, "what is wrong is left out");
});

test("silent sessions are left out on request", () => {
  assert.equal(detailsOf(INITIAL)["leaveOutSilent"], false);
  assert.equal(detailsOf(parse("?silent=0"))["leaveOutSilent"], true);
});
