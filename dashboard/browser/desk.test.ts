// The queue board and the agents of a contact centre, in the real page on the real program: what is posted
// of queues' and agents' legs is in both tables, in their files too, and nothing is shown where nothing is known.

import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { LONG_NAMES } from "./forgery.ts";
import { misfits } from "./measure.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

const SECRET = "a-secret-of-the-board";
const LONG = LONG_NAMES[0] ?? "";
const MARKUP = "<b>ana</b>";

let browser: Browser;
let program: Program;

before(async () => {
  browser = await launch();
  const folder = await mkdtemp(join(tmpdir(), "streamgauge-board-"));
  const settings = join(folder, "push.toml");
  const lines = ['source = "push"', "[[push]]", 'name = "bus"', 'path = "/push/bus"', 'dialect = "genesys-eventbridge"', `bearer.secret = "${SECRET}"`];
  await writeFile(settings, `${lines.join("\n")}\n`, { mode: 0o600 });
  program = await Program.start(["serve", "--config", settings, "--listen", "127.0.0.1:0"]);
});

after(async () => {
  await Promise.all([browser.close(), program.stop()]);
});

/** Posts detail events: seconds ago, what, and what else it says. */
async function post(conversation: string, events: readonly (readonly [number, string, Readonly<Record<string, unknown>>])[]): Promise<void> {
  const now = Date.now();
  const body = events.map(([ago, what, own]) => ({
    topicName: `v2.detail.events.conversation.${conversation}.${what}`,
    eventBody: { eventTime: now - ago * 1_000, conversationId: conversation, mediaType: "MESSAGE", ...own },
  }));
  const answer = await fetch(`${program.url}/push/bus`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${SECRET}` },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** One who is answered by an agent, who goes on to interact. */
async function answered(conversation: string, queueId: string, userId: string): Promise<void> {
  await post(conversation, [
    [30, "customer.start", {}],
    [29, "acd.start", { sessionId: `q-${conversation}`, queueId }],
    [24, "user.start", { sessionId: `u-${conversation}`, queueId, userId }],
    [21, "acd.end", { sessionId: `q-${conversation}`, queueId, acdOutcome: "ANSWERED", answeredUserId: userId, connectedDurationMs: 8_000 }],
  ]);
}

async function waits(conversation: string, queueId: string): Promise<void> {
  await post(conversation, [
    [20, "customer.start", {}],
    [19, "acd.start", { sessionId: `q-${conversation}`, queueId }],
  ]);
}

test("the board is there once legs are known, and says what was posted", async () => {
  const visitor = await Visitor.open(browser, program.url, "/", { width: 1_280, height: 900 });
  const { page } = visitor;
  const board = page.locator(".desk");
  await page.locator("#page[aria-busy=false]").waitFor();
  assert.equal(await board.isVisible(), false, "nothing is known of legs");

  await answered("c1", LONG, MARKUP);
  await waits("c2", LONG);
  await waits("c3", LONG);
  await waits("c4", "returns");
  await board.waitFor();
  const row = (table: string, index: number): Promise<string[]> =>
    page.locator(`${table} tbody tr`).nth(index).locator("th, td").allTextContents();
  const all = await until("every conversation on the board", async () => {
    const cells = await row("#desk-queues", 0);
    return cells[1] === "3" && cells[3] === "1" ? cells : undefined;
  });
  assert.equal(all[0], "All");
  assert.deepEqual(all.slice(5), ["4", "1", "100 %", "8.0 s", "0"]);
  assert.match(all[2] ?? "", /^\d+\.0 s$|^\d m \d\d s$/);
  const first = await row("#desk-queues", 1);
  assert.deepEqual([first[0], first[1], first[3]], [LONG, "2", "1"], "who waits most is first");
  assert.equal((await row("#desk-queues", 2))[0], "returns");
  const agent = await row("#desk-agents", 0);
  assert.deepEqual(agent.slice(0, 3), [MARKUP, "1", "0"], "a name is text");

  await page.locator("#desk-queues tbody .name", { hasText: "returns" }).click();
  await until("the sessions of that queue", async () => {
    const title = await page.locator("#sessions-title").innerText();
    return title.includes("returns") ? true : undefined;
  });

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#desk-queues .save").click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) {
    chunks.push(chunk as Buffer);
  }
  const [head, ...rows] = Buffer.concat(chunks).toString("utf8").trim().split("\r\n");
  assert.match(head ?? "", /name,displayName,kind,waiting,longestWaitingMs/);
  assert.equal(rows.length, 2, "queues alone, without the sum");
  assert.deepEqual(await visitor.seriousFaults(), []);
  visitor.assertQuiet();
  await visitor.leave();
});

test("the board fits every size, and every head says what it counts", async () => {
  for (const [width, height] of [[390, 844], [800, 900], [1_920, 1_080]] as const) {
    const visitor = await Visitor.open(browser, program.url, "/", { width, height });
    const { page } = visitor;
    await page.locator("#desk-queues tbody tr").first().waitFor();
    assert.deepEqual(await misfits(page), [], `${width} wide`);
    const heads = page.locator("#desk-queues thead th.defined, #desk-agents thead th.defined");
    for (const note of await heads.locator(".note").allTextContents()) {
      assert.ok(note.length > 20, note);
    }
    await visitor.leave();
  }
});
