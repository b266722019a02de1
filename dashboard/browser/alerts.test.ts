// The history of alerts, names from a file, links to sessions, and the help, in the real page on the
// real program.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { LONG_NAMES, forge } from "./forgery.ts";
import { misfits } from "./measure.ts";
import { Program } from "./program.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch, until } from "./visitor.ts";

const HOSTILE = '<img src=x onerror="document.title=1"> & \'Sales\'';

const QUEUES = ["vip", "billing", "technical", "retention", "plain"];

let browser: Browser;
let stream: ScriptedStream;
let program: Program;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "names-"));
  const [names, settings] = [join(folder, "names.csv"), join(folder, "settings.toml")];
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const rows = [
    ["queue", "vip", HOSTILE],
    ["queue", "billing", "Same name"],
    ["queue", "technical", "same NAME"],
    ["queue", "retention", LONG_NAMES[4] ?? ""],
    ["queue", "never-seen", "Nobody"],
    ["direction", "inbound", "From guests"],
  ];
  await writeFile(names, `\uFEFFkind,id,name\r\n${rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("")}`);
  // Two alerts that fire at once, of a queue and of the total.
  const rule = (name: string, more: string): string => `[[alert]]\nname = "${name}"\nmetric = "openSessions"\nbelow = 1000\n${more}\n`;
  await writeFile(settings, rule("few", 'queue = "vip"') + rule("all", ""));
  [browser, stream] = await Promise.all([launch(), ScriptedStream.start()]);
  const link = "http://localhost:9/#/interactions/{id}";
  program = await Program.start(...stream.serve("--config", settings, "--names-file", names, "--session-link", link));
  await until("the stream live", async () => {
    const { stream: { state } } = await program.ask<{ stream: { state: string } }>("{ stream { state } }");
    return state === "LIVE" ? true : undefined;
  });
  QUEUES.forEach((queueId, index) => {
    const data = { sessionId: `session ${index}/${queueId}`, queueId, deploymentId: "web" };
    stream.send("webchat:connected", data);
    stream.send("webchat:message", { ...data, messageId: `m${index}`, direction: "inbound" });
  });
});

after(async () => {
  await Promise.all([browser.close(), program.stop()]);
  stream.stop();
  await rm(folder, { recursive: true });
});

test("queues are called by their names, and stay themselves by their ids", async () => {
  const visitor = await Visitor.open(browser, program.url, "/");
  await visitor.seesData();
  const { page } = visitor;
  const row = page.locator("#groups tbody").getByRole("button", { name: HOSTILE, exact: true });
  await row.waitFor();
  assert.equal(await row.getAttribute("title"), "vip");
  for (const name of ["Same name (billing)", "same NAME (technical)", LONG_NAMES[4] ?? ""]) {
    await page.locator("#groups tbody").getByRole("button", { name, exact: true }).waitFor();
  }
  // By its name and by its id.
  for (const word of ["onerror", "VIP"]) {
    await page.locator("#search").fill(word);
    await page.getByText(/^1 found among \d+ queues/).waitFor();
    await row.waitFor();
  }
  await page.locator("#search").fill("");
  await row.click();
  assert.equal(new URL(page.url()).searchParams.get("group"), "vip", "the URL keeps the id");
  await page.getByRole("button", { name: `queue: ${HOSTILE} ✕` }).waitFor();
  await page.getByText(`Longest open, ${HOSTILE}`).waitFor();
  await until("the charts", async () => ((await page.locator("[data-chart=messages] h3, [data-chart=messages] h2").first().innerText()).includes(HOSTILE) ? true : undefined));
  assert.ok((await page.title()).includes(` · ${HOSTILE}: 1 open · `), await page.title());
  await page.keyboard.press("w");
  await page.locator(".bar h1").getByText(`queue ${HOSTILE}`).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Directions" }).click();
  await page.locator("#groups tbody").getByText("From guests", { exact: true }).waitFor();
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("a session leads into the other program, which learns nothing of the page", async () => {
  const visitor = await Visitor.open(browser, program.url, "/", {
    before: (page) =>
      forge(page, {
        details: (details) => {
          const [first, second, third] = details.sessions.items;
          Object.assign(second ?? {}, { link: null });
          Object.assign(third ?? {}, { link: "javascript:document.title=1" });
          assert.ok(first !== undefined);
        },
      }),
  });
  await visitor.seesData();
  const { page } = visitor;
  const rows = page.locator("#sessions tbody tr");
  await until("all sessions", async () => ((await rows.count()) === QUEUES.length ? true : undefined));
  const link = rows.first().locator("a");
  const id = await rows.first().locator("[data-part=id]").innerText();
  assert.match(id, /^session \d\/[a-z]+$/);
  assert.equal(await link.getAttribute("href"), `http://localhost:9/#/interactions/${encodeURIComponent(id)}`);
  assert.deepEqual([await link.getAttribute("rel"), await link.getAttribute("target")], ["noopener noreferrer", "_blank"]);
  assert.equal(await rows.nth(1).locator("a").isVisible(), false);
  assert.equal(await rows.nth(2).locator("a").isVisible(), false, "no script for a link");
  assert.equal(await rows.nth(2).locator("a").getAttribute("href"), null);
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("the history opens from the alerts, newest first, and says when it is empty", async () => {
  const visitor = await Visitor.open(browser, program.url, "/");
  await visitor.seesData();
  const { page } = visitor;
  await page.getByRole("button", { name: "History" }).click();
  assert.equal(new URL(page.url()).searchParams.get("history"), "1");
  const list = page.locator("#history");
  await list.locator(".count").getByText(/^2 changes, newest first, times in [A-Z]/).waitFor();
  const rows = list.locator("tbody tr");
  const words = await rows.locator("td:last-child").allInnerTexts();
  assert.deepEqual(words.map((each) => each.replace(/[\d,]+ open sessions|no value/, "#")).toSorted(), [`${HOSTILE}: #, at least 1,000`, "all: #, at least 1,000"].toSorted());
  assert.match(await rows.first().innerText(), /^\d\d:\d\d:\d\d\s▲ began\s/);
  await page.getByRole("button", { name: "Close" }).click();
  await list.waitFor({ state: "hidden" });
  await page.keyboard.press("h");
  await list.waitFor();
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("an empty history says so, and whether there is anything to wait for", async () => {
  let rules = 0;
  const visitor = await Visitor.open(browser, program.url, "/?history", {
    before: (page) =>
      forge(page, {
        figures: (figures) => {
          figures.alerts.items.splice(rules);
        },
        history: (history) => {
          history.alertHistory = { gone: 0, items: [] };
        },
      }),
  });
  const note = visitor.page.locator("#history .count");
  await note.getByText("The settings have no alert rules, so there are no changes to list.").waitFor();
  rules = 1;
  await note.getByText(/^No alert has begun to fire since \d\d:\d\d:\d\d, when the engine started\.$/).waitFor();
  assert.equal(await visitor.page.locator("#history table").isVisible(), false);
  visitor.assertQuiet();
  await visitor.leave();
});

test("a full history is readable, also with names as people make them", async () => {
  const visitor = await Visitor.open(browser, program.url, "/?history=1", {
    before: (page) =>
      forge(page, {
        history: (history) => {
          const { asOfMs } = history.realTimeMetrics;
          history.alertHistory = {
            gone: 12,
            items: Array.from({ length: 100 }, (_, index) => ({
              number: 112 - index,
              change: index % 2 === 0 ? "ENDED" : "BEGAN",
              atMs: asOfMs - index * 1_800_000,
              name: `rule ${index}`,
              rule: "messagesPerMinute above 500",
              metric: "messagesPerMinute",
              group: `q-${index}`,
              groupDisplayName: LONG_NAMES[index] ?? `Queue ${index}`,
              comparison: "ABOVE",
              threshold: 500,
              value: 2_045,
              since: new Date(asOfMs).toISOString(),
              ending: index % 2 === 0 ? (index % 4 === 0 ? "CLEARED" : "RULE_CHANGED") : null,
              lastedMs: index % 2 === 0 ? 194_000 : null,
            })),
          };
        },
      }),
  });
  await visitor.seesData();
  const { page } = visitor;
  const rows = page.locator("#history tbody tr");
  await until("rows", async () => ((await rows.count()) === 100 ? true : undefined));
  await page.getByText(/^100 changes, newest first, times in .+\. 12 older changes are no longer kept\.$/).waitFor();
  assert.equal(await rows.nth(0).locator("[data-part=words]").innerText(), `${LONG_NAMES[0]}: 2,045 messages a minute, limit 500, after 3 min`);
  assert.match(await rows.nth(0).locator("[data-part=when]").innerText(), /^\d\d:\d\d:\d\d$/);
  assert.match(await rows.nth(99).locator("[data-part=when]").innerText(), /^[A-Z][a-z]+ \d+, \d{4} \d\d:\d\d:\d\d$/, "another day has its date");
  assert.match(await rows.nth(2).innerText(), /● ended/);
  assert.match(await rows.nth(2).innerText(), /its rule was changed$/);
  assert.match(await rows.nth(1).innerText(), /▲ began/);
  for (const [width, height] of [[1_280, 720], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await until(`a fit at ${width}`, async () => ((await misfits(page)).length === 0 ? true : undefined));
  }
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("the help lists keys and parameters, and Escape closes it alone", async () => {
  const visitor = await Visitor.open(browser, program.url, "/?wall");
  const { page } = visitor;
  await page.locator("#page[aria-busy=false]").waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Help" });
  await help.waitFor();
  await help.getByText("?wall&rotate=30s&views=queue,deployment,queue:sales@5m").waitFor();
  // Each parameter that a URL may have is described, and no key passes through.
  const words = await help.innerText();
  for (const name of ["window=", "by=", "group=", "sort=", "reverse=", "search=", "theme=", "history=", "wall", "rotate=", "views="]) {
    assert.ok(words.includes(name), name);
  }
  await page.keyboard.press("t");
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  assert.equal(new URL(page.url()).search, "?wall", "neither the theme nor the wall has changed");
  await page.keyboard.press("Escape");
  await until("the page again", async () => (new URL(page.url()).search === "" ? true : undefined));
  for (const [width, height] of [[1_280, 720], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await page.getByRole("button", { name: "Help" }).click();
    await help.waitFor();
    const box = await help.boundingBox();
    assert.ok(box !== null && box.x >= 0 && box.x + box.width <= width && box.height <= height, `${width}: ${JSON.stringify(box)}`);
    assert.ok(await help.evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth), `${width}: wider than it is`);
    assert.deepEqual(await visitor.seriousFaults(), []);
    await page.keyboard.press("?");
    await help.waitFor({ state: "hidden" });
  }
  visitor.assertQuiet();
  await visitor.leave();
});
