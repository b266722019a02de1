// Our own socket to the server: one graphql-ws client that never gives up, and its state in words.
//
// It reconnects by itself with growing pauses of at most ten seconds and subscribes again to what was
// subscribed. A socket that does not answer pings is given up for a new one.

import { createClient, type Client } from "graphql-ws";

export type Link =
  | { readonly state: "connecting" | "connected" }
  | { readonly state: "waiting"; readonly attempt: number };

/** The longest pause before another attempt. */
const PAUSE_MAX_MS = 10_000;
/** Between two pings, and how long an answer may take. */
const PING_MS = 10_000;
const PONG_MS = 5_000;

/** The pause before an attempt, counted from 0: doubling, with up to a quarter of chance. */
export function pauseMs(attempt: number, chance: number): number {
  const pause = 250 * 2 ** Math.min(attempt, 10);
  return Math.min(PAUSE_MAX_MS, pause * (1 + chance / 4));
}

export class Connection {
  #client: Client;
  readonly #onLink: (link: Link) => void;
  readonly #onFresh: () => void;
  #attempt = 0;
  #pong: ReturnType<typeof setTimeout> | undefined;

  /** `onFresh` is called when everything has to be subscribed again. */
  constructor(onLink: (link: Link) => void, onFresh: () => void) {
    this.#onLink = onLink;
    this.#onFresh = onFresh;
    this.#client = this.#open();
  }

  /** Subscribes until the returned function is called. */
  subscribe<Answer>(
    query: string,
    variables: Readonly<Record<string, unknown>>,
    onAnswer: (answer: Answer) => void,
    onRefused: (why: string) => void,
  ): () => void {
    let isOver = false;
    const stop = this.#client.subscribe<{ live: Answer }>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          if (!isOver && data) {
            onAnswer(data.live);
          } else if (!isOver && errors?.[0]) {
            onRefused(errors[0].message);
          }
        },
        error: (error) => {
          if (!isOver) {
            onRefused(message(error));
          }
        },
        complete: () => undefined,
      },
    );
    return () => {
      isOver = true;
      stop();
    };
  }

  #open(): Client {
    const url = new URL("graphql", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return createClient({
      // Where the server asks for a token, the session's cookie goes along by itself.
      url: url.href,
      lazy: false,
      keepAlive: PING_MS,
      connectionAckWaitTimeout: PONG_MS,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: async () => {
        const pause = pauseMs(this.#attempt, Math.random());
        this.#attempt += 1;
        await new Promise((resolve) => setTimeout(resolve, pause));
      },
      onNonLazyError: () => this.#renew(),
      on: {
        connected: () => {
          this.#attempt = 0;
          this.#onLink({ state: "connected" });
        },
        closed: () => {
          clearTimeout(this.#pong);
          this.#onLink({ state: "waiting", attempt: this.#attempt + 1 });
          void this.#checkAdmission();
        },
        ping: (isReceived) => {
          if (!isReceived) {
            clearTimeout(this.#pong);
            this.#pong = setTimeout(() => this.#client.terminate(), PONG_MS);
          }
        },
        pong: (isReceived) => {
          if (isReceived) {
            clearTimeout(this.#pong);
          }
        },
      },
    });
  }

  /** Some close codes are final to the client, but not to a page on a wall. */
  #renew(): void {
    const old = this.#client;
    setTimeout(() => {
      void old.dispose();
      this.#client = this.#open();
      this.#onFresh();
    }, PAUSE_MAX_MS);
  }

  /** A server whose token has changed refuses the socket without a word; a request gets the reason. */
  async #checkAdmission(): Promise<void> {
    try {
      const answer = await fetch("session", { cache: "no-store" });
      if (answer.status === 401) {
        // What comes is the page that asks for the token.
        location.reload();
      }
    } catch {
      // Nobody answers: the client goes on trying.
    }
  }
}

/** The first thing that an error says. */
function message(error: unknown): string {
  if (Array.isArray(error) && error[0] instanceof Object && "message" in error[0]) {
    return String(error[0].message);
  }
  return error instanceof Error ? error.message : "the server ended the subscription";
}
