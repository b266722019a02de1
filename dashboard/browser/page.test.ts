// The page against the real demo.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { read as valueAt } from "../src/data/metrics.ts";
import { NONE, duration, number } from "../src/format.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

let browser: Browser;
let demo: Program;

before(async () => {
  [browser, demo] = await Promise.all([launch(), Program.demo("--rate", "300")]);
});

after(async () => {
  await browser.close();
  await demo.stop();
});

test("figures move, and are what GraphQL said of the very snapshot they are of", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const read = async (): Promise<{ snapshot: string; texts: Record<string, string> }> =>
    visitor.page.evaluate(() => {
      const { dataset } = document.getElementById("page") as HTMLElement;
      const texts = [...document.querySelectorAll<HTMLElement>("[data-figure]")].map((figure) => [
        figure.dataset["figure"] ?? "",
        figure.querySelector(".value")?.textContent ?? "",
      ]);
      return {
        snapshot: `${dataset["engine"] ?? ""} ${dataset["sequence"] ?? ""}`,
        texts: Object.fromEntries(texts) as Record<string, string>,
      };
    });
  const seen = new Map<string, Record<string, string>>();
  await until("five snapshots drawn, two of them different", async () => {
    const { snapshot, texts } = await read();
    seen.set(snapshot, texts);
    const messages = new Set([...seen.values()].map((each) => each["messages"]));
    return seen.size >= 5 && messages.size >= 2 ? true : undefined;
  });
  for (const [snapshot, texts] of seen) {
    const said = visitor.figures.get(snapshot);
    assert.ok(said, `${snapshot} came over the socket`);
    const metrics = said.realTimeMetrics;
    const window = metrics.windows.find(({ windowMs }) => windowMs === 60_000);
    assert.ok(window);
    assert.deepEqual(texts, {
      active: number(window.activeSessions),
      open: number(metrics.openSessions),
      awaiting: number(valueAt(metrics, "awaitingReply")),
      longest: duration(valueAt(metrics, "longestAwaitingMs")),
      messages: number(window.messagesPerMinute),
      connections: number(window.connectionsPerMinute),
      disconnections: number(window.disconnectionsPerMinute),
      median: duration(window.durations?.p50Ms),
      "first-response": duration(valueAt(window, "avgFirstResponseMs")),
      response: duration(valueAt(window, "avgResponseTimeMs")),
      average: duration(window.avgSessionDurationMs),
      p90: duration(window.durations?.p90Ms),
    });
  }
  visitor.assertQuiet();
  await visitor.leave();
});

test("what came over the socket is what a POST answers", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  // Totals never shrink, so what was on the page in between lies in between.
  const ask = async (): Promise<{ sequence: number; total: number }> => {
    const { engine, realTimeMetrics } = await demo.ask<{
      engine: { snapshotSequence: number };
      realTimeMetrics: { totalConnectionsExact: number };
    }>("{ engine { snapshotSequence } realTimeMetrics { totalConnectionsExact } }");
    return { sequence: engine.snapshotSequence, total: realTimeMetrics.totalConnectionsExact };
  };
  const earlier = await ask();
  const known = new Set(visitor.figures.keys());
  const came = await until("new figures", async () =>
    [...visitor.figures].filter(([key]) => !known.has(key)).map(([, value]) => value)[1],
  );
  const later = await ask();
  const { snapshotSequence: sequence } = came.engine;
  const { totalConnectionsExact: total } = came.realTimeMetrics;
  assert.ok(earlier.sequence <= sequence && sequence <= later.sequence);
  assert.ok(earlier.total <= total && total <= later.total);
  await visitor.leave();
});

test("the charts draw their lines", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const drawn = await until("four charts with lines", async () => {
    const counts = await visitor.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>(".chart")].map((chart) => {
        const canvas = chart.querySelector("canvas");
        const colours = [...chart.querySelectorAll<HTMLElement>(".key")].map((key) => {
          const name = /var\((--[a-z0-9-]+)\)/.exec(key.style.getPropertyValue("--line"))?.[1] ?? "";
          const hex = getComputedStyle(chart).getPropertyValue(name).trim();
          return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
        });
        // Read from a copy: the browser warns of canvases that are read more than once.
        const copy = document.createElement("canvas");
        const [width, height] = [canvas?.width ?? 1, canvas?.height ?? 1];
        [copy.width, copy.height] = [width, height];
        const context = copy.getContext("2d", { willReadFrequently: true });
        if (canvas !== null) {
          context?.drawImage(canvas, 0, 0);
        }
        const pixels = context?.getImageData(0, 0, width, height).data ?? [];
        return colours.map((colour) => {
          let count = 0;
          for (let at = 0; at < pixels.length; at += 4) {
            const isNear = colour.every((value, index) => Math.abs((pixels[at + index] ?? 0) - value) < 12);
            count += isNear && (pixels[at + 3] ?? 0) > 200 ? 1 : 0;
          }
          return count;
        });
      }),
    );
    return counts.length === 4 && counts.flat().every((count) => count > 5) ? counts : undefined;
  });
  assert.equal(drawn.flat().length, 8, "eight lines in four charts");
  const label = await visitor.page.locator("[data-chart=messages] .plot").getAttribute("aria-label");
  assert.match(label ?? "", /^Messages \/ min, mean of 1 m since \d\d:\d\d:\d\d\. messages \/ min: [\d,.]+, between /);
  // One label, one number: what the legend says is what the card of that window says.
  await until("the same rate twice", async () => {
    const [card, legend] = await visitor.page.evaluate(() => [
      document.querySelector("[data-figure=messages] .value")?.textContent,
      document.querySelector("[data-chart=messages] .key b")?.textContent,
    ]);
    return card === legend ? true : undefined;
  });
  visitor.assertQuiet();
  await visitor.leave();
});

test("the table sorts, searches and leads into a queue, and the URL says where one is", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const { page } = visitor;
  const names = page.locator("#groups tbody th .name");
  await until("all queues of the demo", async () => ((await names.count()) >= 12 ? true : undefined));
  assert.equal(await names.first().innerText(), "support", "the busiest is first");
  await until("small charts", async () => {
    const trends = await page.locator("#groups tbody tr path").evaluateAll((all) => all.map((path) => path.getAttribute("d")));
    return trends.length >= 12 && trends.every((trend) => /^M.*L/.test(trend ?? "")) ? true : undefined;
  });

  await page.getByRole("columnheader", { name: "queue" }).getByRole("button").click();
  await until("the order of names", async () => {
    const all = await names.allInnerTexts();
    return all.join() === all.toSorted().join() ? true : undefined;
  });
  assert.match(page.url(), /\?sort=name$/);
  await page.getByRole("columnheader", { name: "queue" }).getByRole("button").click();
  await until("the order turned round", async () => {
    const all = await names.allInnerTexts();
    return all.join() === all.toSorted().reverse().join() ? true : undefined;
  });
  assert.match(page.url(), /reverse=1/);
  await page.getByRole("columnheader", { name: "queue" }).getByRole("button").click();

  await page.keyboard.press("/");
  await page.keyboard.type("VI");
  await until("only what is searched for", async () => ((await names.allInnerTexts()).join() === "vip" ? true : undefined));
  await page.keyboard.press("Escape");
  await until("all again", async () => ((await names.count()) >= 12 ? true : undefined));

  await page.locator("#groups").getByRole("button", { name: "vip", exact: true }).click();
  assert.match(page.url(), /group=vip/);
  await page.getByRole("heading", { name: "Longest open, vip" }).waitFor();
  const total = Number((await demo.ask<{ realTimeMetrics: { openSessions: number } }>("{ realTimeMetrics { openSessions } }")).realTimeMetrics.openSessions);
  await until("the open sessions of one queue", async () => {
    const text = await visitor.figure("open");
    return text !== NONE && Number(text.replaceAll(",", "")) < total / 2 ? true : undefined;
  });
  await until("sessions of that queue only", async () => {
    const queues = await page.locator("#sessions [data-part=queue]").allInnerTexts();
    return queues.length > 0 && queues.every((queue) => queue === "vip") ? true : undefined;
  });
  // A link shows what its sender saw.
  const second = await Visitor.open(browser, demo.url, new URL(page.url()).search.replace(/^/, "/"));
  await second.page.getByRole("heading", { name: "Longest open, vip" }).waitFor();
  await second.leave();

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Longest open", exact: true }).waitFor();
  for (const name of ["Deployments", "Directions"]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("heading", { name }).waitFor();
  }
  await until("both directions", async () => ((await names.allInnerTexts()).toSorted().join() === "inbound,outbound" ? true : undefined));
  await page.goBack();
  await page.getByRole("heading", { name: "Deployments" }).waitFor();
  visitor.assertQuiet();
  await visitor.leave();
});

test("every window has its figures, by key too", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/?window=1h");
  await visitor.seesData();
  const pressed = (name: string): Promise<string | null> =>
    visitor.page.getByRole("group", { name: "Window" }).getByRole("button", { name, exact: true }).getAttribute("aria-pressed");
  assert.equal(await pressed("1 h"), "true");
  await visitor.page.locator(".coverage").waitFor();
  for (const [key, name] of [["1", "10 s"], ["2", "1 m"], ["3", "5 m"], ["4", "1 h"]] as const) {
    await visitor.page.keyboard.press(key);
    assert.equal(await until(name, async () => ((await pressed(name)) === "true" ? true : undefined)), true);
    assert.notEqual(await visitor.figure("messages"), NONE);
  }
  visitor.assertQuiet();
  await visitor.leave();
});

test("a number explains itself when it is focused", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const figure = visitor.page.locator("[data-figure=open]");
  const note = figure.getByText("Sessions open now, whenever they connected.");
  assert.equal(await note.isVisible(), false);
  await visitor.page.keyboard.press("Tab");
  await figure.focus();
  await note.waitFor({ state: "visible" });
  await visitor.leave();
});

test("a hidden page asks for the figures only, and comes back with the present", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const hide = (isHidden: boolean): Promise<void> =>
    visitor.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  const count = (type: string): number => visitor.sent.filter((sent) => sent === type).length;
  await hide(true);
  await until("both subscriptions ended, and one begun", async () =>
    count("complete") === 2 && count("subscribe") === 3 ? true : undefined,
  );
  const before = count("subscribe");
  const known = new Set(visitor.figures.keys());
  await hide(false);
  await until("subscribed again", async () => (count("subscribe") === before + 2 ? true : undefined));
  await until("the present drawn", async () => {
    const at = await visitor.page.locator("#page").getAttribute("data-sequence");
    return [...visitor.figures.keys()].some((key) => !known.has(key) && key.endsWith(` ${at ?? ""}`)) ? true : undefined;
  });
  visitor.assertQuiet();
  await visitor.leave();
});

test("the page does not grow while it is looked at", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const nodes = (): Promise<number> => visitor.page.evaluate(() => document.querySelectorAll("*").length);
  const drawn = async (more: number): Promise<void> => {
    const from = visitor.details.length;
    await until(`${more} more details`, async () => (visitor.details.length >= from + more ? true : undefined));
  };
  await until("as many rows as there will be", async () =>
    (await visitor.page.locator("#groups tbody tr").count()) >= 12 && (await visitor.page.locator("#sessions tbody tr").count()) === 20 ? true : undefined,
  );
  await drawn(1);
  const earlier = await nodes();
  await drawn(4);
  assert.equal(await nodes(), earlier);
  await visitor.leave();
});
