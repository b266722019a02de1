// A stand-in for the event service that sends exactly what a test wants: an OAuth endpoint that
// grants every request, and a WebSocket written by hand.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const TEXT = 0x1;
const PING = 0x9;
const PONG = 0xa;

export class ScriptedStream {
  readonly #server: Server;
  #socket: Duplex | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ScriptedStream> {
    const server = createServer((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: "granted", token_type: "bearer", expires_in: 86_400 }));
    });
    const stream = new ScriptedStream(server);
    server.on("upgrade", (request, socket) => {
      const key = `${String(request.headers["sec-websocket-key"])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      stream.#socket = socket;
      answerPings(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return stream;
  }

  /** The arguments and variables of a `serve` that reads from here. */
  serve(...more: string[]): [string[], Record<string, string>] {
    const { port } = this.#server.address() as AddressInfo;
    const urls = ["--token-url", `http://127.0.0.1:${port}/oauth/token`, "--stream-url", `ws://127.0.0.1:${port}/events`];
    return [
      ["serve", "--listen", "127.0.0.1:0", ...urls, ...more],
      { GENESYS_CLIENT_ID: "scripted", GENESYS_CLIENT_SECRET: "scripted" },
    ];
  }

  /** Sends one event of now. */
  send(eventType: string, data: Readonly<Record<string, unknown>>): void {
    const event = { eventType, timestamp: new Date().toISOString(), data };
    this.#socket?.write(frame(TEXT, Buffer.from(JSON.stringify(event))));
  }

  /** Sends any text. */
  sendText(text: string): void {
    this.#socket?.write(frame(TEXT, Buffer.from(text)));
  }

  stop(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}

/** A server's frame: whole and not masked. */
function frame(opcode: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.from([0x80 | opcode, 126, 0, 0]);
  if (payload.length >= 126) {
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

/** Reads the client's frames, which are masked, and answers pings: without that it would not go live. */
function answerPings(socket: Duplex): void {
  let read = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => {
    read = Buffer.concat([read, bytes]);
    for (;;) {
      const short = (read[1] ?? 0) & 0x7f;
      const at = short === 126 ? 4 : 2;
      const length = short === 126 && read.length >= 4 ? read.readUInt16BE(2) : short;
      if (read.length < 2 || read.length < at + 4 + length) {
        return;
      }
      const mask = read.subarray(at, at + 4);
      const payload = Buffer.from(read.subarray(at + 4, at + 4 + length));
      payload.forEach((byte, index) => {
        payload[index] = byte ^ (mask[index % 4] ?? 0);
      });
      if (((read[0] ?? 0) & 0x0f) === PING) {
        socket.write(frame(PONG, payload));
      }
      read = read.subarray(at + 4 + length);
    }
  });
}
