// What a wallboard does by itself, and alerts: worst first, the rest counted, views that change, a
// page that is loaded again after an upgrade, alerts in words that a reader may hide.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { LONG_NAMES, alertsOf, forge, groupsOf } from "./forgery.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

let browser: Browser;
let demo: Program;

before(async () => {
  [browser, demo] = await Promise.all([launch(), Program.demo()]);
});

after(async () => {
  await browser.close();
  await demo.stop();
});

/** A wall on a demo with as many alerts firing as are asked for at the time. */
async function wallWith(path: string, firing: () => number): Promise<Visitor> {
  const visitor = await Visitor.open(browser, demo.url, path, {
    width: 1_920,
    height: 1_080,
    before: (page) =>
      forge(page, {
        figures: (figures) => {
          figures.alerts.items = alertsOf(70, firing()).map((alert) => ({ ...alert }));
        },
        details: (details) => {
          // The quietest are those that fire, and the first one is too small to be in the table.
          const items = groupsOf(200).slice(1).toReversed().map((group) => ({ ...group }));
          Object.assign(details.groups, { count: 500, found: 500, items });
          Object.assign(details, { urgent: { items: [] } });
        },
      }),
  });
  await visitor.page.locator("#page[aria-busy=false]").waitFor();
  return visitor;
}

test("sixty firing alerts and five hundred queues: the worst are seen, the others are counted", async () => {
  const visitor = await wallWith("/?wall&theme=dark", () => 60);
  const { page } = visitor;
  const rows = page.locator("#worst tbody tr:visible");
  await until("rows", async () => ((await rows.count()) >= 2 ? true : undefined));
  const phases = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-phase")));
  assert.ok(phases.every((phase) => phase === "FIRING"), phases.join());
  assert.equal(await rows.first().locator(".title").innerText(), LONG_NAMES[0]);
  assert.match(await rows.first().locator(".why").innerText(), /^1,277,155 open sessions, limit 500, for \d+ min$/);
  const numbers = (row: number): Promise<string[]> => rows.nth(row).locator("td").allInnerTexts();
  assert.deepEqual(await numbers(0), ["1,277,155", "", "", ""], "what its rule reads, and nothing else is known");
  assert.deepEqual(await numbers(1), ["1,277,154", "1,277,154", "23 h 59 m", "23 h 59 m"]);
  const hidden = 500 - (await rows.count());
  await page.locator("#worst").getByText(`+${hidden} more`).waitFor();
  // Of the alerts too: those shown and those counted are all of them.
  const shown = await page.locator(".alerts li:visible").count();
  assert.ok(shown >= 1);
  await page.locator(".alerts-foot").getByText(`+${65 - shown} more`).waitFor();
  assert.match(await page.title(), /^▲ 60 firing · [\d,]+ open · streamgauge$/);
  assert.match((await page.locator('link[rel="icon"]').getAttribute("href")) ?? "", /^data:image\/svg/);
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("an alert that begins to fire is said once, and may be hidden by who has seen it", async () => {
  let firing = 0;
  const visitor = await wallWith("/", () => firing);
  const { page } = visitor;
  assert.match(await page.title(), /^[\d,]+ open · streamgauge$/);
  const voice = page.locator("p[aria-live=polite]");
  assert.equal(await voice.textContent(), "", "nothing is said of what is well");
  firing = 1;
  await voice.getByText(/^Alert\. Customer care, .*: 1,277,155 open sessions, limit 500, for \d+ min\.$/).waitFor({ state: "attached" });
  await until("the title", async () => (/^▲ 1 firing · /.test(await page.title()) ? true : undefined));

  const first = page.locator(".alerts li[data-phase=FIRING]").first();
  await first.getByRole("button", { name: "hide 1 h" }).click();
  await page.getByRole("button", { name: "1 hidden here: show" }).waitFor();
  await until("a title of who does not want to hear", async () => (/^[\d,]+ open/.test(await page.title()) ? true : undefined));
  await page.reload();
  await page.getByRole("button", { name: "1 hidden here: show" }).click();
  await until("heard again", async () => (/^▲ 1 firing · /.test(await page.title()) ? true : undefined));

  // A sound is for those who ask, and is remembered.
  const sound = page.getByRole("button", { name: "Sound" });
  assert.equal(await sound.getAttribute("aria-pressed"), "false");
  await sound.click();
  await page.reload();
  await until("remembered", async () => ((await sound.getAttribute("aria-pressed")) === "true" ? true : undefined));
  visitor.assertQuiet();
  await visitor.leave();
});

test("a wallboard goes from view to view, stays under a hand, and its URL stays", async () => {
  const path = "/?wall=1&rotate=5s&views=queue@10s,deployment,queue:vip@5m";
  const visitor = await Visitor.open(browser, demo.url, path, {
    // Time is the test's: nobody waits for a minute.
    before: async (page) => {
      await page.clock.install();
    },
  });
  const { page } = visitor;
  const heading = (text: string): Promise<true> =>
    until(text, async () => {
      await page.clock.runFor(200);
      return (await page.locator(".bar h1").innerText()) === text ? true : undefined;
    });
  await heading("Queues · last 10 s · 1/3");
  await page.clock.runFor(5_000);
  await heading("Deployments · last 10 s · 2/3");
  await page.clock.runFor(5_000);
  await heading("queue vip · last 5 m · 3/3");
  assert.equal(new URL(page.url()).search, new URL(path, demo.url).search, "a reload starts again");
  await page.keyboard.press("Shift");
  await page.clock.runFor(20_000);
  await heading("queue vip · last 5 m · 3/3");
  await page.clock.runFor(45_000);
  await heading("Queues · last 10 s · 1/3");
  await visitor.leave();
});

test("after an upgrade the page is loaded again, once", async () => {
  let engineId = "";
  const visitor = await Visitor.open(browser, demo.url, "/?wall", {
    before: (page) =>
      forge(page, {
        figures: ({ engine }) => {
          engine.engineId = engineId === "" ? engine.engineId : engineId;
        },
      }),
  });
  const { page } = visitor;
  // Asked for as a document: the address itself, with its query, or without it by a script.
  const asked = (url: string): number => visitor.requests.filter((each) => each === `${demo.url}${url}`).length;
  const shown = (id: string): Promise<void> => page.locator(`#page[aria-busy=false][data-engine='${id}']`).waitFor();
  const becomeOld = (): Promise<void> =>
    page.evaluate(() => document.querySelector("script[src]")?.setAttribute("src", "/assets/of-last-spring.js"));
  await page.locator("#page[aria-busy=false]").waitFor();
  // A restart of the same program: looked at, and left alone.
  engineId = "0000000000000001";
  await until("a look", async () => (asked("/") === 1 ? true : undefined));
  await shown(engineId);
  assert.equal(asked("/?wall"), 1);
  // Another program: loaded again.
  await becomeOld();
  engineId = "0000000000000002";
  await until("another load", async () => (asked("/?wall") === 2 ? true : undefined));
  await shown(engineId);
  // And however often that happens: not again within ten minutes.
  await becomeOld();
  engineId = "0000000000000003";
  await until("a third look", async () => (asked("/") === 3 ? true : undefined));
  await shown(engineId);
  assert.equal(asked("/?wall"), 2);
  await visitor.leave();
});

test("a wall keeps its screen awake, and asks again when it is seen again", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/?wall", {
    before: async (page) => {
      await page.addInitScript(() => {
        const asked: string[] = [];
        const request = async (kind: string): Promise<unknown> => {
          asked.push(kind);
          return { released: true, release: async () => asked.push("released") };
        };
        Object.assign(window, { asked });
        Object.defineProperty(navigator, "wakeLock", { value: { request } });
      });
    },
  });
  const { page } = visitor;
  const asked = (): Promise<string[]> => page.evaluate(() => (window as unknown as { asked: string[] }).asked);
  await until("a lock", async () => ((await asked()).join() === "screen" ? true : undefined));
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await until("another one", async () => ((await asked()).join() === "screen,screen" ? true : undefined));
  await page.keyboard.press("w");
  await until("none", async () => ((await asked()).join() === "screen,screen,released" ? true : undefined));
  await visitor.leave();
});
