// The four looks: nothing seriously inaccessible in any, nothing cut off, and a picture of each.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { misfits, watchCanvases } from "./measure.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

const PICTURES = process.env["STREAMGAUGE_PICTURES"] ?? "pictures";

const LOOKS = [
  { name: "light", path: "/", width: 1_440, height: 900, scheme: "light" },
  { name: "dark", path: "/", width: 1_440, height: 900, scheme: "dark" },
  { name: "wallboard", path: "/?wall=1&theme=dark", width: 1_920, height: 1_080, scheme: "light" },
  { name: "wallboard-light", path: "/?wall=1&theme=light", width: 1_920, height: 1_080, scheme: "dark" },
  { name: "phone", path: "/", width: 390, height: 844, scheme: "light" },
  { name: "queue", path: "/?group=support&window=5m", width: 1_440, height: 900, scheme: "dark" },
] as const;

let browser: Browser;
let demo: Program;

before(async () => {
  [browser, demo] = await Promise.all([launch(), Program.demo()]);
  await mkdir(PICTURES, { recursive: true });
});

after(async () => {
  await browser.close();
  await demo.stop();
});

for (const { name, path, width, height, scheme } of LOOKS) {
  test(`${name}: accessible, and everything in sight`, async () => {
    const visitor = await Visitor.open(browser, demo.url, path, { width, height, scheme, before: watchCanvases });
    const { page } = visitor;
    await page.locator("#page[aria-busy=false]").waitFor();
    await page.locator(".chart canvas").first().waitFor();
    await until("a line of some length", async () => {
      const latest = visitor.details.at(-1)?.messages[0]?.values ?? [];
      return latest.filter((value) => value !== null).length >= 3 ? true : undefined;
    });
    assert.deepEqual(await visitor.seriousFaults(), []);
    const { wide, tall } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - innerWidth,
      tall: document.documentElement.scrollHeight - innerHeight,
    }));
    assert.ok(wide <= 0, `${wide} px too wide`);
    assert.deepEqual(await misfits(page), []);
    if (name.startsWith("wallboard")) {
      assert.ok(tall <= 0, `${tall} px too tall for a screen that nobody scrolls`);
      // At five metres: a figure's digits are a fourteenth of the screen's height, what stands in the
      // list of queues a thirtieth, labels a fortieth.
      const small = await page.evaluate((screen) => {
        const under = (parts: string, share: number): Element[] =>
          [...document.querySelectorAll(parts)].filter(
            (part) => part.checkVisibility() && Number.parseFloat(getComputedStyle(part).fontSize) < screen / share,
          );
        const found = [...under(".figure .value", 14), ...under("#worst td, #worst .title", 30), ...under(".figure .label", 40)];
        return found.map((part) => part.textContent);
      }, height);
      assert.deepEqual(small, []);
      assert.ok((await page.locator("#worst tbody tr:visible").count()) >= 8, "queues fill the screen");
    }
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: name === "phone" });
    visitor.assertQuiet();
    await visitor.leave();
  });
}

test("light, dark and the wallboard are a key away, and in the URL", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const { page } = visitor;
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  assert.match(page.url(), /theme=dark/);
  assert.notEqual(await ground(), light);
  await page.keyboard.press("w");
  assert.match(page.url(), /wall=1/);
  await page.locator("html.wall").waitFor();
  assert.equal(await page.locator("#groups").isVisible(), false);
  await page.keyboard.press("Escape");
  await until("the whole page again", async () => ((await page.locator("html.wall").count()) === 0 ? true : undefined));
  visitor.assertQuiet();
  await visitor.leave();
});
