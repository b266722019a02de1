// The real program under test: started with arguments, waited for, stopped.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const PROGRAM = process.env["STREAMGAUGE_PROGRAM"] ?? "streamgauge";

export class Program {
  readonly #child: ChildProcess;
  /** Where it serves, without a slash at the end. */
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts the program and waits until it says where it serves. */
  static async start(args: readonly string[], variables: Record<string, string> = {}): Promise<Program> {
    const child = spawn(PROGRAM, args, { env: variables, stdio: ["ignore", "ignore", "pipe"] });
    // A test that is killed leaves nothing behind.
    process.once("exit", () => child.kill("SIGKILL"));
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${PROGRAM} ${args.join(" ")}: exit ${code}: ${said}`)));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const found = /serving GraphQL at (http:\/\/\S+)\/graphql\s/.exec(said);
        if (found?.[1] !== undefined) {
          resolve(found[1]);
        }
      });
    });
    return new Program(child, url);
  }

  static async demo(...more: string[]): Promise<Program> {
    return Program.start(["demo", "--listen", "127.0.0.1:0", ...more]);
  }

  /** Ends it as a service manager would. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
  }

  /** Asks GraphQL as any client does. */
  async ask<Answer>(query: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await answer.json()) as { data: Answer; errors?: unknown };
    if (errors !== undefined) {
      throw new Error(`${query}: ${JSON.stringify(errors)}`);
    }
    return data;
  }
}
