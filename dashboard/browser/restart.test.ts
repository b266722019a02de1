// The server goes and comes back; the page keeps what it knows, says how old it is, and goes on.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";

import type { Page } from "playwright-core";

import { NONE } from "../src/format.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

const PICTURES = process.env["STREAMGAUGE_PICTURES"] ?? "pictures";

before(() => mkdir(PICTURES, { recursive: true }));

test("a restart of the server costs nothing but the time it takes", async (t) => {
  const browser = await launch();
  let demo = await Program.demo();
  t.after(() => Promise.all([browser.close(), demo.stop()]));
  const { url } = demo;
  const visitor = await Visitor.open(browser, url, "/");
  await visitor.seesData();
  const { page } = visitor;
  const engine = await page.locator("#page").getAttribute("data-engine");

  await demo.stop();
  const link = page.getByRole("group", { name: "page" });
  await link.getByText(/▲ reconnecting, data \d/).waitFor();
  await page.locator("html.stale").waitFor();
  for (const key of ["active", "open", "messages"]) {
    assert.notEqual(await visitor.figure(key), NONE, "the last figures stay");
  }
  assert.ok((await page.locator("#groups tbody tr").count()) > 0);
  // Nothing dead looks alive: no colour is left, the line over everything and the tab say since when.
  await page.getByText(/^▲ Old numbers: nothing from the server since \d\d:\d\d:\d\d, for \d/).waitFor();
  assert.deepEqual(await colours(page), [], "all grey");
  assert.match(await page.title(), /^✕ old since \d\d:\d\d · streamgauge$/);
  assert.match((await icon(page)) ?? "", /^data:image\/svg/);
  await page.screenshot({ path: join(PICTURES, "dead.png") });

  demo = await Program.start(["demo", "--listen", new URL(url).host]);
  assert.equal(demo.url, url);
  await link.getByText("● connected").waitFor();
  await until("figures of the new process", async () => {
    const now = await page.locator("#page").getAttribute("data-engine");
    return now !== null && now !== engine ? true : undefined;
  });
  await page.locator("html:not(.stale)").waitFor();
  assert.match(await page.title(), /^[\d,.]+ open · streamgauge$|firing/);
  assert.equal(await page.locator(".old").isVisible(), false);
  assert.ok((await colours(page)).length > 0, "alive again");

  // The browser itself writes down that it could not connect; nothing else may be wrong.
  const others = visitor.complaints.filter((text) => !/ERR_CONNECTION|WebSocket connection to|ERR_EMPTY_RESPONSE/.test(text));
  assert.deepEqual(others, []);
});

test("a page that nobody looks at says in its tab that the server has died", async (t) => {
  const browser = await launch();
  const demo = await Program.demo();
  t.after(() => Promise.all([browser.close(), demo.stop()]));
  const visitor = await Visitor.open(browser, demo.url, "/?wall");
  const { page } = visitor;
  await page.locator("#page[aria-busy=false]").waitFor();
  const well = await icon(page);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    // Hidden tabs get no frames, and timers may come once a minute.
    window.requestAnimationFrame = () => 0;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.match(await page.title(), /open · streamgauge$/);
  await demo.stop();
  await until("the tab's title", async () => (/^✕ old since/.test(await page.title()) ? true : undefined));
  assert.notEqual(await icon(page), well);
});

async function icon(page: Page): Promise<string | null> {
  return page.locator('link[rel="icon"]').getAttribute("href");
}

/** What is drawn in a colour rather than in grey. */
async function colours(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isGrey = (colour: string): boolean => {
      const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      return Math.max(red, green, blue) - Math.min(red, green, blue) < 48;
    };
    return [...document.querySelectorAll("main .value, main .target, main .caution, .chip .value, main .mark, .alerts li, .why")]
      .filter((part) => part.checkVisibility() && !isGrey(getComputedStyle(part).color))
      .map((part) => part.textContent ?? "");
  });
}
