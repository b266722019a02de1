// The server goes and comes back; the page keeps what it knows, says how old it is, and goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NONE } from "../src/format.ts";
import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

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

  demo = await Program.start(["demo", "--listen", new URL(url).host]);
  assert.equal(demo.url, url);
  await link.getByText("● connected").waitFor();
  await until("figures of the new process", async () => {
    const now = await page.locator("#page").getAttribute("data-engine");
    return now !== null && now !== engine ? true : undefined;
  });
  await page.locator("html:not(.stale)").waitFor();

  // The browser itself writes down that it could not connect; nothing else may be wrong.
  const others = visitor.complaints.filter((text) => !/ERR_CONNECTION|WebSocket connection to|ERR_EMPTY_RESPONSE/.test(text));
  assert.deepEqual(others, []);
});
