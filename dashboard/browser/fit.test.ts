// Every value fits its box: the longest plausible ones, in three fonts, in languages that write numbers
// longer, on every screen from a phone to 4K; and again after the values have grown.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { LONGEST, forge } from "./forgery.ts";
import { misfits, watchCanvases } from "./measure.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

const PICTURES = process.env["STREAMGAUGE_PICTURES"] ?? "pictures";

const FONTS = ["DejaVu Sans", "Inter", "Liberation Sans"] as const;

const SCREENS = [
  { name: "1280", width: 1_280, height: 720 },
  { name: "1440", width: 1_440, height: 900 },
  { name: "1920", width: 1_920, height: 1_080 },
  { name: "3840", width: 3_840, height: 2_160 },
  { name: "portrait", width: 1_080, height: 1_920 },
  { name: "tablet", width: 820, height: 1_180 },
  { name: "phone", width: 390, height: 844 },
] as const;

/** Where the other fonts are tried, and pictures are taken: a desk and a phone, a wall and a tall one. */
const CHIEF: Readonly<Record<string, readonly string[]>> = { "/": ["1280", "phone"], "/?wall": ["1920", "portrait"] };

let browser: Browser;
let demo: Program;

before(async () => {
  // Without the fonts the tests would measure one and the same three times.
  const known = execFileSync("fc-list", [":", "family"], { encoding: "utf8" });
  for (const font of FONTS) {
    assert.ok(known.includes(font), `${font}: not found; install it (Debian: fonts-dejavu fonts-inter fonts-liberation)`);
  }
  [browser, demo] = await Promise.all([launch(), Program.demo()]);
  await mkdir(PICTURES, { recursive: true });
});

after(async () => {
  await browser.close();
  await demo.stop();
});

for (const [place, font] of FONTS.entries()) {
  const locale = ["en-US", "de-DE", "fr-FR"][place] ?? "en-US";
  test(`nothing is cut in ${font}, numbers as in ${locale}`, async () => {
    for (const path of ["/", "/?wall"]) {
      // At first as the demo is, then with everything grown.
      let isLong = false;
      const visitor = await Visitor.open(browser, demo.url, path, {
        width: 1_920,
        height: 1_080,
        scheme: "dark",
        locale,
        before: async (page) => {
          await watchCanvases(page);
          await forge(page, {
            figures: (figures) => isLong && LONGEST.figures?.(figures),
            details: (details) => isLong && LONGEST.details?.(details),
          });
        },
      });
      const { page } = visitor;
      await page.locator("#page[aria-busy=false]").waitFor();
      await page.evaluate((name) => document.documentElement.style.setProperty("--font", `"${name}"`), font);
      isLong = true;
      const drawn = async (what: string): Promise<void> => {
        await until(what, async () => ((await visitor.figure("open")).replaceAll(/\D/g, "") === "1277155" ? true : undefined));
        await until("lines that long", async () => {
          const label = await page.locator("[data-chart=sessions] .plot").getAttribute("aria-label");
          return /open: 1.277.155/.test(label ?? "") ? true : undefined;
        });
      };
      await drawn("the longest values");
      // The widest font on every screen, the others where it is narrow.
      const screens = SCREENS.filter(({ name }) => place === 0 || CHIEF[path]?.includes(name));
      for (const { name, width, height } of screens) {
        await page.setViewportSize({ width, height });
        // A moment after the window has changed something may be out of place; nothing stays so.
        let found = ["not measured"];
        for (const since = performance.now(); found.length > 0 && performance.now() - since < 20_000; ) {
          await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 250)));
          found = await misfits(page);
        }
        assert.deepEqual(found, [], `${path} ${font} ${name}: ${found.slice(0, 8).join("; ")}`);
        const tall = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
        assert.ok(path === "/" || tall <= 0, `${name}: ${tall} px too tall for a wall`);
        if (place === 0 && CHIEF[path]?.includes(name) === true) {
          await page.screenshot({ path: join(PICTURES, `longest-${path === "/" ? "page" : "wall"}-${name}-${locale}.png`) });
        }
      }
      await visitor.leave();
    }
  });
}
