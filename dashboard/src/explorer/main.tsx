// The GraphQL explorer at /graphql: GraphiQL with everything it needs in our own bundle.
//
// Queries go by POST, subscriptions by WebSocket to the same path. Where the server asks for a
// token, the session cookie of the sign-in page goes with both.

import "graphiql/graphiql.css";
import "./explorer.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";

import { FIRST_QUERY } from "./first_query.ts";

// The explorer stands at the very address that it asks.
const url = new URL("graphql", location.href);
const socket = new URL(url);
socket.protocol = url.protocol === "https:" ? "wss:" : "ws:";

const fetcher = createGraphiQLFetcher({
  url: url.href,
  wsClient: createClient({
    url: socket.href,
    keepAlive: 10_000,
    connectionAckWaitTimeout: 5_000,
    retryAttempts: Infinity,
    shouldRetry: () => true,
  }),
});

const root = document.getElementById("explorer");
if (root === null) {
  throw new Error("explorer.html: no element #explorer");
}
/** Whether the server answers questions about its schema; a server that says nothing at all may. */
async function tellsSchema(): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ __schema { queryType { name } } }" }),
    });
    const { data } = (await answer.json()) as { data?: { __schema?: { queryType?: unknown } | null } | null };
    return data?.__schema?.queryType != null;
  } catch {
    return true;
  }
}

const isTold = await tellsSchema();
createRoot(root).render(
  <>
    {isTold ? null : (
      <p className="off" role="note">
        Introspection is off on this server, as it is by default where a token is asked for. Queries work; documentation,
        completion and checks of what you type do not. The setting “introspection” turns it on.
      </p>
    )}
    <div className="editor">
      {/* Without introspection its question would only be refused, again and again. */}
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={FIRST_QUERY}
        defaultEditorToolsVisibility="variables"
        {...(isTold ? {} : { schema: null })}
      />
    </div>
  </>,
);
