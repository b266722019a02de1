// A proxy as simple as they come: it serves the program under a path, and nothing else.

import { createServer, request as ask, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export class Proxy {
  readonly #server: Server;
  /** Every path that was asked for outside of the program's own. */
  readonly strays: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens; who is behind it comes later, when its public URL is known. */
  static async start(): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Proxy(server);
  }

  /** Its origin in a browser: another name than the program knows itself by. */
  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * Passes on what is below `prefix`, which is taken away or not. The program sees the host that a
   * plain proxy sends: its own address.
   */
  serve(program: string, prefix: string, takesAway: boolean): void {
    const { hostname, port, host } = new URL(program);
    const passedOn = (request: IncomingMessage) => {
      const path = request.url ?? "";
      // The prefix without its slash comes through too, as with many a configuration.
      const isOurs = path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`);
      if (!isOurs) {
        this.strays.push(path);
        return undefined;
      }
      const rest = path.slice(prefix.length);
      const below = rest.startsWith("/") ? rest : `/${rest}`;
      const { method } = request;
      return { hostname, port, method, path: takesAway ? below : path, headers: { ...request.headers, host } };
    };
    this.#server.on("request", (request, response) => {
      const options = passedOn(request);
      if (options === undefined) {
        response.writeHead(404).end();
        return;
      }
      const onward = ask(options, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      });
      onward.on("error", () => response.writeHead(502).end());
      request.pipe(onward);
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      const options = passedOn(request);
      if (options === undefined) {
        socket.destroy();
        return;
      }
      const onward = ask(options);
      onward.on("upgrade", (answer, behind: Socket, first: Buffer) => {
        const lines = answer.rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
        socket.write(first);
        behind.pipe(socket).pipe(behind);
        for (const [one, other] of [[socket, behind], [behind, socket]] as const) {
          one.on("error", () => other.destroy());
        }
      });
      onward.on("response", (answer) => socket.end(`HTTP/1.1 ${answer.statusCode} refused\r\n\r\n`));
      onward.on("error", () => socket.destroy());
      onward.end();
    });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
