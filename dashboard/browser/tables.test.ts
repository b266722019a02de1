// Tables and charts under a hand: what is selected stays, files hold what the table holds, the server
// searches what the page does not have, pointing says what a line is at, gaps are no zeros.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { COLUMN_METRICS } from "../src/data/metrics.ts";
import { forge } from "./forgery.ts";
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

test("a search asks the server, and says of how many", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/", {
    before: (page) =>
      // The page knows the first two only, as it would of thousands.
      forge(page, {
        details: (details) => {
          if (details.groups.found === details.groups.count) {
            details.groups.items.splice(2);
          }
        },
      }),
  });
  await visitor.seesData();
  const { page } = visitor;
  await page.getByText("the first 2 of 12 queues, over 1 m.").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("RETEN");
  await page.locator("#groups tbody").getByText("retention", { exact: true }).waitFor();
  await page.getByText("1 found among 12 queues, over 1 m.").waitFor();
  visitor.assertQuiet();
  await visitor.leave();
});

test("every heading has its definition, and what does not apply is blank", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/?by=direction");
  await visitor.seesData();
  const { page } = visitor;
  const heads = await page.locator("#groups thead th, #sessions thead th, .stages thead th").evaluateAll((all) =>
    all.map((head) => [head.textContent, head.querySelector(".note")?.textContent?.length ?? 0] as const),
  );
  assert.ok(heads.length >= 13);
  for (const [head, length] of heads) {
    assert.ok(length > 10 || head === "", `${head}: no definition`);
  }
  const cells = await page.locator("#groups td[data-column]").evaluateAll((all) =>
    all.map((cell) => [cell.getAttribute("data-column"), cell.textContent] as const),
  );
  for (const [column, text] of cells) {
    assert.equal(text === "", column !== "messages", `${column}: ${text}`);
  }
  await visitor.leave();
});

test("tables become files with plain numbers", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/", { locale: "de-DE" });
  await visitor.seesData();
  const { page } = visitor;
  // What the table of metrics has beyond the first column.
  const more = COLUMN_METRICS.slice(1).map(({ name }) => name);
  for (const [name, head, line] of [
    ["this table", `queue,openSessions${more.map((name) => `,${name}`).join("")},openUncertain,kind,displayName`, new RegExp(String.raw`^([a-z-]+),\d+${",[\\d.]*".repeat(more.length)},\d+,NAMED,\1$`)],
    ["these sessions", "id,queue,deployment,connectedAt,openMs,awaitingMs,lastSeen,messages,silent,uncertain,queueKind,queueDisplayName,deploymentDisplayName,link", /^[^,]+,([a-z-]+),([^,]+),[\d:.TZ-]+,\d+,\d*,[\d:.TZ-]+,\d+,(?:true|false),(?:true|false),NAMED,\1,\2,$/],
    ["the latencies", "stage,count,p50Ms,p99Ms,p999Ms,maxMs", /^[A-Z]+,\d+,[\d.]+,[\d.]+,[\d.]+,[\d.]+$/],
  ] as const) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: `Save ${name} as CSV` }).click()]);
    assert.match(file.suggestedFilename(), /^streamgauge-[a-z0-9-]+\.csv$/);
    const [first, ...rest] = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
    assert.equal(first, `\uFEFF${head}`);
    assert.ok(rest.length >= 5);
    for (const each of rest) {
      assert.match(each, line);
    }
  }
  visitor.assertQuiet();
  await visitor.leave();
});

test("what is selected stays selected while everything else goes on", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/");
  await visitor.seesData();
  const { page } = visitor;
  const id = await page.locator("#sessions [data-part=id]").first().evaluate((code) => {
    getSelection()?.selectAllChildren(code);
    return code.textContent;
  });
  const from = visitor.details.length;
  await until("three more drawings", async () => (visitor.details.length >= from + 4 ? true : undefined));
  assert.equal(await page.evaluate(() => String(getSelection())), id);
  // Selecting everything holds nothing: a page that stands still must not look alive.
  const asOf = await page.getByRole("group", { name: "as of" }).innerText();
  await page.evaluate(() => getSelection()?.selectAllChildren(document.body));
  await until("the clock goes on", async () => ((await page.getByRole("group", { name: "as of" }).innerText()) === asOf ? undefined : true));
  await visitor.leave();
});

test("pointing gives time and values, and a gap says its cause and length", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/", {
    before: (page) =>
      forge(page, {
        figures: (figures) => {
          const at = (ago: number): string => new Date(figures.realTimeMetrics.asOfMs - ago).toISOString();
          figures.stream.gaps = [{ start: at(120_000), end: at(60_000), cause: "DEAD_PEER" }];
          const total = { name: "busy", metric: "messagesPerMinute", windowMs: 60_000, by: null, group: null, groupDisplayName: null, comparison: "ABOVE", threshold: 100, forMs: 0, phase: "FIRING", since: at(1_000), value: 5_000 } as const;
          figures.alerts.items = [total];
        },
        details: (details) => {
          Object.assign(details.open[0] ?? {}, { values: details.open[0]?.values.map(() => 5) });
        },
      }),
  });
  await visitor.seesData();
  const { page } = visitor;
  const plot = page.locator("[data-chart=sessions] .u-over");
  const box = await plot.boundingBox();
  assert.ok(box);
  const words = page.locator("[data-chart=sessions] .at");
  const open = page.locator("[data-chart=sessions] .key b").first();
  // Five minutes are drawn; the gap is three fifths to four fifths of the way.
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await words.getByText(/^\d\d:\d\d:\d\d$/).waitFor();
  assert.equal(await open.innerText(), "5");
  assert.match(await page.locator("[data-chart=messages] .at").innerText(), /^\d\d:\d\d:\d\d$/, "all charts point at once");
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
  await words.getByText(/^\d\d:\d\d:\d\d no stream: dead peer, 1 m 00 s$/).waitFor();
  assert.equal(await open.innerText(), "–", "not 0");
  const label = (await page.locator("[data-chart=messages] .plot").getAttribute("aria-label")) ?? "";
  assert.match(label, /limit 100/);
  assert.match(label, /Gaps: no stream: dead peer, 1 m 00 s\./);
  await visitor.leave();
});

test("a dark page is light on paper", async () => {
  const visitor = await Visitor.open(browser, demo.url, "/?theme=dark");
  await visitor.seesData();
  const { page } = visitor;
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  const light = await ground();
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.notEqual(light, dark);
  assert.equal(await ground(), dark);
  assert.ok((await page.pdf()).length > 10_000);
  await visitor.leave();
});
