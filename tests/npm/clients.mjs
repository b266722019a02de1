// Runs public clients against a server and prints a line for each check that holds.
// Usage: node clients.mjs <host:port> <host:port of a server with a token> <that token>
import assert from 'node:assert/strict'
import { auditServer } from 'graphql-http'
import { createClient as createEvents } from 'graphql-sse'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const [open, guarded, token] = process.argv.slice(2)
const LIVE = 'subscription Live($ms: Int! = 100) { live(intervalMs: $ms) { engine { snapshotSequence } } }'

// The tests that call this have a guard against hangs; this one says which check it was.
const LIMIT_MS = 60_000

async function check(name, holds) {
  const limit = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no end in sight')), LIMIT_MS).unref()
  })
  try {
    await Promise.race([holds(), limit])
  } catch (error) {
    console.error(`not ok: ${name}:`, error)
    process.exit(1)
  }
  console.log(`ok: ${name}`)
}

function socketClient(host, options = {}) {
  return createClient({ url: `ws://${host}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true, ...options })
}

function eventsClient(host, options = {}) {
  return createEvents({ url: `http://${host}/graphql`, retryAttempts: 0, ...options })
}

// The first `count` results of an operation; fewer when it ends before.
async function take(client, payload, count) {
  const results = []
  for await (const result of client.iterate(payload)) {
    results.push(result)
    if (results.length === count) break
  }
  return results
}

// Follows a subscription until it has shown `count` states. Two answers may show the same one, but
// none an older one.
async function follow(client, payload, count) {
  const seen = []
  for await (const result of client.iterate(payload)) {
    const sequence = result.data.live.engine.snapshotSequence
    assert.ok(seen.every((before) => before <= sequence), `${sequence} after ${seen}`)
    if (seen.at(-1) !== sequence) seen.push(sequence)
    if (seen.length === count) return
  }
  throw new Error(`ended after ${seen}`)
}

// Runs an operation that is to be refused; gives what the client is told.
async function refusal(client, payload) {
  try {
    await take(client, payload, 1)
  } catch (error) {
    return error
  }
  throw new Error('not refused')
}

await check('graphql-ws: a subscription goes on and ends when the client wants', async () => {
  const client = socketClient(open)
  await follow(client, { query: LIVE }, 4)
  await follow(client, { query: LIVE, variables: { ms: 150 } }, 2)
  await client.dispose()
})

await check('graphql-ws: many operations share a socket', async () => {
  let sockets = 0
  const client = socketClient(open, { on: { opened: () => { sockets += 1 } } })
  await Promise.all(Array.from({ length: 15 }, () => follow(client, { query: LIVE }, 2)))
  assert.equal(sockets, 1)
  await client.dispose()
})

await check('graphql-ws: a query is answered once', async () => {
  const client = socketClient(open)
  const query = 'query A { a: __typename } query B($n: Int!) { stream { gaps(last: $n) { cause } } }'
  const results = await take(client, { query, operationName: 'B', variables: { n: 1 } }, 9)
  assert.deepEqual(results, [{ data: { stream: { gaps: [] } } }])
  await client.dispose()
})

await check('graphql-ws: errors of validation and of arguments end an operation alone', async () => {
  const client = socketClient(open, { lazy: false })
  const invalid = await refusal(client, { query: '{ nothing }' })
  assert.equal(invalid[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED')
  const tooFast = await refusal(client, { query: LIVE, variables: { ms: 99 } })
  assert.match(tooFast[0].message, /^intervalMs: 99 is out of range; choose 100 to 60000$/)
  await follow(client, { query: LIVE }, 2)
  await client.dispose()
})

await check('graphql-ws: the token is shown in connection_init', async () => {
  const right = socketClient(guarded, { connectionParams: { authorization: `Bearer ${token}` } })
  await follow(right, { query: LIVE }, 2)
  await right.dispose()
  for (const connectionParams of [undefined, { authorization: 'Bearer wrong' }]) {
    const wrong = socketClient(guarded, { connectionParams })
    const closed = await refusal(wrong, { query: LIVE })
    assert.equal(closed.code, 4403)
    await wrong.dispose()
  }
})

await check('ws: other subprotocols are refused', async () => {
  for (const name of ['graphql-ws', 'mqtt', undefined]) {
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://${open}/graphql`, name)
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('opened'))
      socket.on('error', () => {})
    })
    assert.equal(status, 400, `${name}`)
  }
})

await check('graphql-sse: a subscription goes on and ends when the client wants', async () => {
  await follow(eventsClient(open), { query: LIVE }, 4)
  const headers = { authorization: `Bearer ${token}` }
  await follow(eventsClient(guarded, { headers }), { query: LIVE }, 2)
})

await check('graphql-sse: a query and an error are answered once', async () => {
  const client = eventsClient(open)
  assert.deepEqual(await take(client, { query: '{ __typename }' }, 9), [{ data: { __typename: 'Query' } }])
  const [invalid, ...more] = await take(client, { query: '{ nothing }' }, 9)
  assert.equal(invalid.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED')
  assert.deepEqual(more, [])
})

await check('graphql-http: every audit is passed', async () => {
  const results = await auditServer({ url: `http://${open}/graphql`, fetchFn: fetch })
  const failed = results.filter((result) => result.status !== 'ok')
  assert.deepEqual(failed.map(({ id, name, status, reason }) => ({ id, name, status, reason })), [])
  assert.ok(results.length > 50, `${results.length} audits`)
})

// Connections kept alive would hold it up.
process.exit(0)
