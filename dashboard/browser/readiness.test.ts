// What looks alive and is not: the page says what /readyz says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Program } from "./program.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch } from "./visitor.ts";

test("a live stream without anything usable, and one that is gone, stand above the numbers", async (t) => {
  const browser = await launch();
  const stream = await ScriptedStream.start();
  const serve = await Program.start(...stream.serve("--ready-max-age", "1s"));
  t.after(async () => {
    await Promise.all([browser.close(), serve.stop()]);
    stream.stop();
  });
  let next = (): void => stream.sendText('{"eventType":<b>1</b>}');
  const sending = setInterval(() => next(), 100);
  t.after(() => clearInterval(sending));

  const visitor = await Visitor.open(browser, serve.url, "/");
  const notice = visitor.page.locator("#readiness");
  await notice.getByText(/▲ Not ready: stream: live, but nothing usable since 20.*not_json/).waitFor();
  const answer = await fetch(`${serve.url}/readyz`);
  assert.equal(answer.status, 503);
  const { reasons } = (await answer.json()) as { reasons: string[] };
  assert.equal(await notice.textContent(), `▲ Not ready: ${reasons.join(" · ")}`);
  const pictures = process.env["STREAMGAUGE_PICTURES"];
  if (pictures !== undefined) {
    await visitor.page.screenshot({ path: `${pictures}/readiness.png` });
  }

  let number = 0;
  next = (): void => stream.send("webchat:message", { id: "guest", messageId: `m${(number += 1)}` });
  await notice.waitFor({ state: "hidden" });

  clearInterval(sending);
  stream.stop();
  await notice.getByText(/▲ Not ready: stream: \w+, not live/).waitFor();
});
