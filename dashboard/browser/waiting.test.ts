// Guests who wait for a reply, in the real page on the real program: a silent queue is red on the wall
// without any rule, a reply makes it calm, what is not known never looks calm, and the numbers lead to
// the sessions behind them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser, Locator, Page } from "playwright-core";

import { LONG_NAMES, forge } from "./forgery.ts";
import { misfits } from "./measure.ts";
import { Program } from "./program.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch, until } from "./visitor.ts";

let browser: Browser;
let stream: ScriptedStream;
let program: Program;
let messages = 0;
/** The agents who go on replying. */
const replies: NodeJS.Timeout[] = [];

/** A guest of a queue. */
interface Guest {
  readonly sessionId: string;
  readonly queueId: string;
}

function guests(queueId: string, count: number): Guest[] {
  return Array.from({ length: count }, (_, index) => ({ sessionId: `${queueId} ${index}`, queueId }));
}

function connect(all: readonly Guest[]): void {
  for (const guest of all) {
    stream.send("webchat:connected", { ...guest, deploymentId: "web" });
  }
}

/** A message of each of some guests, or to them. */
function say(all: readonly Guest[], direction: "inbound" | "outbound"): void {
  for (const guest of all) {
    messages += 1;
    stream.send("webchat:message", { ...guest, messageId: `m${messages}`, direction });
  }
}

/** Guests who write, and one more to whom an agent goes on replying: the queue is not silent. */
function serve(queueId: string, waiting: number): NodeJS.Timeout {
  const all = guests(queueId, waiting + 1);
  connect(all);
  say(all, "inbound");
  const reply = (): void => {
    say(all.slice(-1), "inbound");
    say(all.slice(-1), "outbound");
  };
  reply();
  return setInterval(reply, 5_000);
}

const LONG = LONG_NAMES[0] ?? "";

before(async () => {
  [browser, stream] = await Promise.all([launch(), ScriptedStream.start()]);
  program = await Program.start(...stream.serve());
  await until("the stream live", async () => {
    const { stream: { state } } = await program.ask<{ stream: { state: string } }>("{ stream { state } }");
    return state === "LIVE" ? true : undefined;
  });
  // More queues than any table shows, each busier than those in trouble.
  for (let index = 0; index < 260; index += 1) {
    const busy = guests(`busy-${String(index).padStart(3, "0")}`, 1);
    connect(busy);
    say(busy, "outbound");
    say(busy, "outbound");
  }
});

after(async () => {
  replies.forEach(clearInterval);
  await Promise.all([browser.close(), program.stop()]);
  stream.stop();
});

/** A row of the wall by its queue. */
function row(page: Page, name: string): Locator {
  return page.locator("#worst tbody tr").filter({ has: page.locator(".title").getByText(name, { exact: true }) });
}

async function turns(page: Page, name: string, phase: string | null): Promise<Locator> {
  const found = row(page, name);
  await until(`${name} ${phase ?? "without a phase"}`, async () =>
    (await found.count()) === 1 && (await found.getAttribute("data-phase")) === phase ? true : undefined,
  );
  return found;
}

/** Makes the page believe that the last minute is known: no test waits for one. */
async function settled(page: Page): Promise<void> {
  await forge(page, {
    figures: (figures) => {
      for (const window of figures.realTimeMetrics.windows) {
        window.complete = true;
      }
    },
  });
}

test("ten guests write, nobody answers: red on the wall, in words too; replies make it calm", async () => {
  const visitor = await Visitor.open(browser, program.url, "/?wall", { width: 1_920, height: 1_080, before: settled });
  const { page } = visitor;
  await page.locator("#page[aria-busy=false]").waitFor();
  const silent = guests("silent", 10);
  connect(silent);
  say(silent.slice(0, 5), "inbound");
  const yellow = await turns(page, "silent", "PENDING");
  assert.equal(await yellow.locator(".mark").innerText(), "◆");
  say(silent.slice(5), "inbound");
  const red = await turns(page, "silent", "FIRING");
  assert.equal(await red.locator(".mark").innerText(), "▲");
  assert.equal(await red.locator(".why").innerText(), "10 guests wait, nobody got a reply for a minute");
  assert.equal(await red.locator("[data-column=awaiting]").innerText(), "10");
  assert.equal(await page.locator("#worst tbody tr").first().locator(".title").innerText(), "silent", "above 260 busier ones");
  assert.ok(await red.isVisible());
  assert.match(await page.locator("#worst .levels").innerText(), /^▲ red: 10 wait and nobody got a reply for a minute, or one has waited 5 m 00 s\. ◆ yellow: 5 wait/);
  assert.deepEqual(await visitor.seriousFaults(), []);

  // One who opens the page now sees the same at once.
  const late = await Visitor.open(browser, program.url, "/?wall", { before: settled });
  await turns(late.page, "silent", "FIRING");
  await late.leave();

  say(silent, "outbound");
  await until("calm", async () => {
    const [found] = await row(page, "silent").all();
    const phase = await found?.getAttribute("data-phase");
    return found === undefined || phase === "OK" || phase === null ? true : undefined;
  });
  visitor.assertQuiet();
  await visitor.leave();
});

test("a queue with many guests is not red while they get replies, and is once one has waited long", async () => {
  replies.push(serve("large", 30), serve(LONG, 3));
  let longest: number | undefined;
  const visitor = await Visitor.open(browser, program.url, "/?wall&sort=awaiting", {
    width: 1_366,
    height: 768,
    before: (page) =>
      forge(page, {
        figures: (figures) => {
          for (const window of figures.realTimeMetrics.windows) {
            window.complete = true;
          }
        },
        details: ({ groups }) => {
          for (const group of groups.items.filter(({ name }) => longest !== undefined && name === LONG)) {
            Object.assign(group, { longestAwaitingMs: longest, waiting: { level: "CRITICAL", byNumber: "CALM", byLongest: "CRITICAL" } });
          }
        },
      }),
  });
  const { page } = visitor;
  const large = await turns(page, "large", "OK");
  await until("thirty", async () => ((await large.locator("[data-column=awaiting]").innerText()) === "30" ? true : undefined));
  longest = 363_900;
  const long = await turns(page, LONG, "FIRING");
  assert.equal(await long.locator(".why").innerText(), "a guest has waited 6 m 03 s for a reply, limit 5 m 00 s");
  for (const [width, height] of [[1_920, 1_080], [1_280, 720], [1_080, 1_920]] as const) {
    await page.setViewportSize({ width, height });
    await until(`a fit at ${width}`, async () => ((await misfits(page)).length === 0 ? true : undefined));
    await page.screenshot({ path: `${process.env["STREAMGAUGE_PICTURES"] ?? "."}/waiting-${width}.png` });
    await until(`seen at ${width}`, async () => ((await long.isVisible()) ? true : undefined));
  }
  await visitor.leave();
});

test("what is not known never looks calm: a minute that is not over, uncertain sessions, a lost stream", async () => {
  let uncertain = 0;
  let complete = false;
  let state: string | undefined;
  const visitor = await Visitor.open(browser, program.url, "/?wall&sort=awaiting", {
    before: (page) =>
      forge(page, {
        figures: (figures) => {
          for (const window of figures.realTimeMetrics.windows) {
            window.complete = complete;
          }
          figures.stream.state = state ?? figures.stream.state;
        },
        details: ({ groups }) => {
          for (const group of groups.items) {
            group.openUncertain = uncertain;
          }
        },
      }),
  });
  const { page } = visitor;
  const large = await turns(page, "large", null);
  assert.equal(await large.locator(".mark").innerText(), "◇");
  const title = page.locator("#worst-title");
  assert.match(await title.innerText(), / ◇ known for less than a minute$/);
  complete = true;
  await turns(page, "large", "OK");
  uncertain = 3;
  await turns(page, "large", null);
  assert.match(await large.locator(".why").innerText(), /^◆\s3 uncertain$/);
  uncertain = 0;
  await turns(page, "large", "OK");
  state = "RECONNECTING";
  await turns(page, "large", null);
  await until("why in the title", async () => (/ ◇ not known at present$/.test(await title.innerText()) ? true : undefined));
  await visitor.leave();
});

test("numbers lead to the guests behind them, by mouse and keyboard, and who got a reply leaves", async () => {
  const waiting = guests("drill", 14);
  connect(waiting);
  say(waiting, "inbound");
  const visitor = await Visitor.open(browser, program.url, "/?sort=awaiting");
  await visitor.seesData();
  const { page } = visitor;
  const line = page.locator("#groups tbody tr").filter({ has: page.getByRole("button", { name: "drill", exact: true }) });
  const number = line.locator("[data-column=awaiting] button");
  await until("fourteen", async () => ((await number.innerText()) === "14" ? true : undefined));
  await number.focus();
  await page.keyboard.press("Enter");
  await page.locator("#sessions h2").getByText("Awaiting a reply, drill").waitFor();
  const query = new URL(page.url()).searchParams;
  assert.deepEqual([query.get("group"), query.get("list")], ["drill", "awaiting"]);
  const rows = page.locator("#sessions tbody tr");
  await until("its guests", async () => ((await rows.count()) >= 10 && (await rows.first().locator("[data-part=id]").innerText()).startsWith("drill ") ? true : undefined));
  const shown = await rows.count();
  if (shown < 14) {
    await page.locator("#sessions .count").getByText(`The ${shown} who have waited longest, of 14.`).waitFor();
  }
  assert.match(await rows.first().locator("[data-part=waits]").innerText(), /^\d/);
  assert.deepEqual(await visitor.seriousFaults(), []);
  // The hand stays in the list while rows leave it.
  await rows.last().locator(".name").focus();
  say(waiting.slice(0, 12), "outbound");
  await until("two left", async () => ((await rows.count()) === 2 ? true : undefined));
  assert.ok(await page.evaluate(() => document.querySelector("#sessions")?.contains(document.activeElement)));
  say(waiting.slice(12), "outbound");
  await page.getByText("Nobody waits for a reply.").waitFor();
  assert.ok(await page.evaluate(() => document.querySelector("#sessions")?.contains(document.activeElement)));
  await page.locator("#sessions").getByRole("button", { name: "Open", exact: true }).click();
  await page.locator("#sessions h2").getByText("Longest open, drill").waitFor();
  visitor.assertQuiet();
  await visitor.leave();
});
