// A server that asks for a token: a browser is asked, signs in, sees everything, and signs out.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Program } from "./program.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch, until } from "./visitor.ts";

const TOKEN = "correct-horse-battery-staple";

test("a browser signs in once, and is out when it signs out", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "streamgauge-"));
  const file = join(folder, "token");
  await writeFile(file, TOKEN, { mode: 0o600 });
  const browser = await launch();
  const stream = await ScriptedStream.start();
  const program = await Program.start(...stream.serve("--token-file", file));
  t.after(async () => {
    await Promise.all([browser.close(), program.stop()]);
    stream.stop();
    await rm(folder, { recursive: true });
  });

  const visitor = await Visitor.open(browser, program.url, "/?window=5m");
  const { page } = visitor;
  const field = page.getByLabel("Access token");
  assert.deepEqual(await visitor.seriousFaults(), []);
  await field.fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This is not the token.").waitFor();
  assert.equal(visitor.figures.size, 0);

  await field.fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#page[aria-busy=false]").waitFor();
  assert.match(page.url(), /window=5m/, "where one wanted to go");
  await until("figures", async () => (visitor.figures.size >= 2 ? true : undefined));
  const [cookie, ...others] = await page.context().cookies();
  assert.deepEqual(others, []);
  assert.ok(cookie?.httpOnly && cookie.sameSite === "Strict" && !cookie.value.includes(TOKEN));
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read it");
  assert.ok(visitor.requests.every((url) => !url.includes(TOKEN)));

  // The explorer says why it knows nothing of the schema.
  await page.goto(`${program.url}/graphql`);
  await page.getByText("Introspection is off on this server").waitFor();
  await page.locator(".graphiql-container").waitFor();
  await page.goto(`${program.url}/`);

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Access token").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  // The refusals themselves are all that the browser notes.
  assert.deepEqual(visitor.complaints.filter((text) => !/status of 401/.test(text)), []);
});
