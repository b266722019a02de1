// The page under a path behind a proxy that takes it away or passes it on: signing in, live figures
// by WebSocket, the explorer, links and signing out, and nothing asked for outside of the path.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { Page } from "playwright-core";

import { Program } from "./program.ts";
import { Proxy } from "./proxy.ts";
import { ScriptedStream } from "./scripted_stream.ts";
import { Visitor, launch, until } from "./visitor.ts";

const TOKEN = "correct-horse-battery-staple";
const PREFIX = "/apps/gauge";

for (const takesAway of [true, false]) {
  test(`everything works below ${PREFIX}, which is ${takesAway ? "taken away" : "passed on"}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "streamgauge-"));
    const file = join(folder, "token");
    await writeFile(file, TOKEN, { mode: 0o600 });
    const browser = await launch();
    const stream = await ScriptedStream.start();
    const proxy = await Proxy.start();
    const publicUrl = `${proxy.origin}${PREFIX}/`;
    const program = await Program.start(...stream.serve("--token-file", file, "--public-url", publicUrl));
    proxy.serve(program.url, PREFIX, takesAway);
    t.after(async () => {
      await Promise.all([browser.close(), program.stop()]);
      proxy.stop();
      stream.stop();
      await rm(folder, { recursive: true });
    });

    // Without the slash, as people write it.
    const visitor = await Visitor.open(browser, proxy.origin, `${PREFIX}?window=5m`);
    const { page } = visitor;
    await page.waitForURL(`${publicUrl}?window=5m`);
    const signIn = async (): Promise<void> => {
      await page.getByLabel("Access token").fill(TOKEN);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    await signIn();
    await page.locator("#page[aria-busy=false]").waitFor();
    await until("figures", async () => (visitor.figures.size >= 2 ? true : undefined));
    assert.equal(page.url(), `${publicUrl}?window=5m`, "where one wanted to go");
    const [cookie, ...others] = await page.context().cookies();
    assert.deepEqual(others, []);
    assert.equal(cookie?.name, "streamgauge-session-apps+gauge");
    assert.equal(cookie.path, `${PREFIX}/`);
    assert.ok(cookie.httpOnly && cookie.sameSite === "Strict");

    // What is copied from the address bar shows the same.
    await page.getByRole("button", { name: "1 h" }).click();
    await page.waitForURL(`${publicUrl}?window=1h`);
    await page.reload();
    await page.locator("#page[aria-busy=false]").waitFor();
    const pictures = process.env["STREAMGAUGE_PICTURES"];
    if (pictures !== undefined) {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `sub-path-${takesAway ? "taken" : "passed"}.png`) });
    }

    // The same either way, and slow: once is enough.
    if (takesAway) {
      await asksInTheExplorer(page, publicUrl);
    }
    await page.goto(publicUrl);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Access token").waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    // From a page deeper down as well.
    await page.goto(`${publicUrl}latency/visible.hgrm`);
    await signIn();
    await page.getByText("Total count").waitFor();

    const outside = visitor.requests.filter((url) => {
      const isOurs = url.startsWith(publicUrl) || url.startsWith(`${publicUrl.slice(0, -1)}?`);
      return !isOurs && !url.startsWith("data:");
    });
    // Until it is led to the slash, a page that a proxy shows without it looks beside the path.
    const beside = (url: string): boolean => takesAway && url.startsWith(`${proxy.origin}/apps/`);
    assert.deepEqual(outside.filter((url) => !beside(url)), []);
    assert.ok(visitor.requests.every((url) => !url.includes(TOKEN)));
    assert.deepEqual(visitor.complaints.filter((text) => !/status of (401|404)/.test(text)), []);
  });
}

async function asksInTheExplorer(page: Page, publicUrl: string): Promise<void> {
  await page.getByRole("link", { name: "GraphQL explorer" }).click();
  await page.waitForURL(`${publicUrl}graphql`);
  const result = page.locator(".result-window");
  const item = page.getByRole("menuitem", { name: "Now" });
  await until("the operation Now", async () => {
    if (!(await item.isVisible())) {
      await page.getByRole("button", { name: /Execute query/ }).click({ timeout: 2_000 }).catch(() => undefined);
    }
    return (await item.isVisible()) ? true : undefined;
  });
  await item.click();
  await result.getByText("activeSessions").first().waitFor();
}
