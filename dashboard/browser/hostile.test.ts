// Names from the stream are text. And on a stream that has fallen silent, the page and a POST agree
// to the last digit.

import assert from "node:assert/strict";
import { test } from "node:test";

import { number } from "../src/format.ts";
import { Program } from "./program.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch, until } from "./visitor.ts";

const NAMES = [
  "<img src=x onerror=\"document.title='broken'\">",
  "<script>document.title='broken'</script>",
  "\"><svg onload=alert(1)>",
  "javascript:alert(1)",
  "{{7*7}} ${7*7} &lt;b&gt;",
  "\u202Eright to left",
  "x".repeat(200),
];

test("hostile names are shown as they are, and the page equals GraphQL", async (t) => {
  const browser = await launch();
  const stream = await ScriptedStream.start();
  const program = await Program.start(...stream.serve());
  t.after(async () => {
    await Promise.all([browser.close(), program.stop()]);
    stream.stop();
  });
  await until("the stream live", async () => {
    const { stream: { state } } = await program.ask<{ stream: { state: string } }>("{ stream { state } }");
    return state === "LIVE" ? true : undefined;
  });
  NAMES.forEach((queueId, index) => {
    const data = { sessionId: `<b>${index}</b>`, queueId, deploymentId: queueId };
    stream.send("webchat:connected", data);
    for (let message = 0; message <= index; message += 1) {
      stream.send("webchat:message", { ...data, messageId: `${index}-${message}`, direction: "inbound" });
    }
  });
  const messages = (NAMES.length * (NAMES.length + 1)) / 2;
  await until("every event applied", async () => {
    const { counters: { applied } } = await program.ask<{ counters: { applied: number } }>("{ counters { applied } }");
    return applied === NAMES.length + messages ? true : undefined;
  });

  const visitor = await Visitor.open(browser, program.url, "/?window=1h");
  await visitor.seesData();
  const { page } = visitor;
  const shown = await until("every name", async () => {
    const names = await page.locator("#groups tbody th .name").allTextContents();
    return names.length === NAMES.length ? names : undefined;
  });
  assert.deepEqual(shown.toSorted(), NAMES.toSorted());
  const ids = await until("every session", async () => {
    const all = await page.locator("#sessions [data-part=id]").allTextContents();
    return all.length === NAMES.length ? all : undefined;
  });
  assert.deepEqual(ids.toSorted(), NAMES.map((_, index) => `<b>${index}</b>`));
  const made = await page.evaluate(() => document.querySelectorAll("main img, main b:not(.key b), main script, main svg[onload]").length);
  assert.equal(made, 0, "no element came of a name");

  const said = await program.ask<{
    realTimeMetrics: { openSessions: number; windows: { windowMs: number; messagesPerMinute: number; activeSessions: number }[] };
    groups: { items: { name: string; openSessions: number; window: { messagesPerMinute: number } }[] };
  }>(`{
    realTimeMetrics { openSessions windows { windowMs messagesPerMinute activeSessions } }
    groups(by: QUEUE, window: ONE_HOUR) { items { name openSessions window { messagesPerMinute } } }
  }`);
  const hour = said.realTimeMetrics.windows.find(({ windowMs }) => windowMs === 3_600_000);
  assert.equal(hour?.messagesPerMinute, messages / 60);
  assert.equal(await visitor.figure("messages"), number(hour.messagesPerMinute));
  assert.equal(await visitor.figure("active"), number(hour.activeSessions));
  assert.equal(await visitor.figure("open"), number(said.realTimeMetrics.openSessions));
  const rows = await page.locator("#groups tbody tr").evaluateAll((all) =>
    all.map((row) => [".name", "[data-column=messages]", "[data-column=open]"].map((part) => row.querySelector(part)?.textContent)),
  );
  const expected = said.groups.items.map((group) => [group.name, number(group.window.messagesPerMinute), number(group.openSessions)]);
  assert.deepEqual(rows, expected);

  // Drilling into such a name, and coming back to it by its URL.
  const [first = ""] = NAMES;
  await page.getByRole("button", { name: first, exact: true }).first().click();
  await page.getByRole("heading", { name: `Longest open, ${first}` }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: `Longest open, ${first}` }).waitFor();
  assert.match(await page.title(), /: [\d,]+ open · streamgauge$/, "a name in the title is text too");
  visitor.assertQuiet();
});
