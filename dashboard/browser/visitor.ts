// A browser that looks at the page, and notes all that it should not do: errors on the console, and
// requests to anywhere but the server under test.

import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";

import type { Details, Figures } from "../src/data/answers.ts";

/** Longer than anything here takes; only a hang meets it. */
export const HANG_MS = 120_000;

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: await executable(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Chromium by its whole path, which the driver wants. */
async function executable(): Promise<string> {
  const named = process.env["CHROMIUM"];
  if (named !== undefined) {
    return named;
  }
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(folder, "chromium");
    if (await access(file).then(() => true, () => false)) {
      return file;
    }
  }
  throw new Error("chromium: not found; install it, or name one in CHROMIUM");
}

interface Options {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** The language of the browser. */
  readonly locale?: string;
  /** What has to be done to the page before it is opened. */
  readonly before?: (page: Page) => Promise<void>;
}

export class Visitor {
  readonly page: Page;
  /** Errors and warnings on the console, and errors that nobody caught. */
  readonly complaints: string[] = [];
  /** Every address asked for. */
  readonly requests: string[] = [];
  /** What the socket brought, by snapshot; the page can show nothing else. */
  readonly figures = new Map<string, Figures>();
  readonly details: Details[] = [];
  /** Types of the messages that the page sent. */
  readonly sent: string[] = [];
  readonly #origin: string;

  private constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
  }

  /** Opens a page of a server in a window of its own. */
  static async open(browser: Browser, origin: string, path: string, options: Options = {}): Promise<Visitor> {
    const { width = 1_440, height = 900, scheme = "light", locale = "en-US", before } = options;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale });
    context.setDefaultTimeout(HANG_MS);
    const visitor = new Visitor(await context.newPage(), origin);
    visitor.#watch();
    await before?.(visitor.page);
    await visitor.page.goto(`${origin}${path}`);
    if ((await visitor.page.getByText("The dashboard is not in this program").count()) > 0) {
      throw new Error("the program under test was built without the dashboard; build it with STREAMGAUGE_UI=build");
    }
    return visitor;
  }

  /** Waits until both subscriptions have been drawn. */
  async seesData(): Promise<void> {
    await this.page.locator("#page[aria-busy=false]").waitFor();
    await this.page.locator(".chart canvas").first().waitFor();
    await this.page.locator("#groups tbody tr").first().waitFor();
  }

  /** What a large figure reads. */
  async figure(key: string): Promise<string> {
    return this.page.locator(`[data-figure=${key}] .value`).innerText();
  }

  /** Rules of accessibility that are broken seriously. */
  async seriousFaults(): Promise<string[]> {
    // The policy lets no script in, but the driver's own evaluation is none of the page.
    const found = await this.page.evaluate(async (source) => {
      new Function(source)();
      const page = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }> };
      };
      const { violations } = await page.axe.run();
      return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map(({ target }) => target.join(" ")) }));
    }, axe.source);
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, at }) => `${id}: ${at.join(", ")}`);
  }

  /** Nothing was complained of, and nothing was asked of anybody else. */
  assertQuiet(): void {
    assert.deepEqual(this.complaints, []);
    const outside = this.requests.filter((url) => !url.startsWith(`${this.#origin}/`) && !url.startsWith("data:"));
    assert.deepEqual(outside, []);
    assert.ok(this.requests.length > 0);
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }

  #watch(): void {
    const { page } = this;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        this.complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("websocket", (socket) => {
      this.requests.push(socket.url().replace(/^ws/, "http"));
      socket.on("framesent", ({ payload }) => {
        this.sent.push((JSON.parse(String(payload)) as { type: string }).type);
      });
      socket.on("framereceived", ({ payload }) => this.#keep(String(payload)));
    });
  }

  #keep(text: string): void {
    const message = JSON.parse(text) as { type: string; payload?: { data?: { live?: object } } };
    const live = message.payload?.data?.live;
    if (live === undefined) {
      return;
    }
    if ("counters" in live) {
      const figures = live as Figures;
      this.figures.set(`${figures.engine.engineId} ${figures.engine.snapshotSequence}`, figures);
    } else if ("latency" in live) {
      this.details.push(live as Details);
    }
  }
}

/** Waits until `look` returns something; asked again and again. */
export async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const since = performance.now();
  while (performance.now() - since < HANG_MS) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${HANG_MS} ms`);
}
