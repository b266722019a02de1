// The GraphQL explorer: opens from our own binary, knows the schema, asks and subscribes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Program } from "./program.ts";
import { Visitor, launch, until } from "./visitor.ts";

test("the explorer answers a query, follows a subscription and shows the schema", async (t) => {
  const [browser, demo] = await Promise.all([launch(), Program.demo()]);
  t.after(() => Promise.all([browser.close(), demo.stop()]));
  const visitor = await Visitor.open(browser, demo.url, "/graphql");
  const { page } = visitor;
  const result = page.locator(".result-window");
  assert.equal(await page.getByText("Introspection is off").count(), 0);
  const run = async (operation: string): Promise<void> => {
    const item = page.getByRole("menuitem", { name: operation });
    // The button offers operations only once the editor has read them.
    await until(`the operation ${operation}`, async () => {
      if (!(await item.isVisible())) {
        await page.getByRole("button", { name: /Execute query/ }).click({ timeout: 2_000 }).catch(() => undefined);
      }
      return (await item.isVisible()) ? true : undefined;
    });
    await item.click();
  };
  await run("Now");
  await result.getByText("activeSessions").first().waitFor();

  await run("Live");
  const seen = new Set<string>();
  await until("three answers of one subscription", async () => {
    const found = /"asOf": "([^"]+)"/.exec(await result.innerText());
    if (found?.[1] !== undefined) {
      seen.add(found[1]);
    }
    return seen.size >= 3 ? true : undefined;
  });
  await page.getByRole("button", { name: /Stop query/ }).click();

  await page.getByRole("button", { name: /Documentation Explorer/ }).click();
  await page.getByRole("link", { name: "Query", exact: true }).click();
  await page.getByText("Everything that can be asked.", { exact: false }).first().waitFor();
  visitor.assertQuiet();
});
