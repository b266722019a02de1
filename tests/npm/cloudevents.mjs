// Posts events with the CloudEvents SDK of npm and prints a line for each check that holds.
// Usage: node cloudevents.mjs URL SECRET
import assert from 'node:assert/strict'
import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from 'cloudevents'

const [url, secret] = process.argv.slice(2)
const transport = httpTransport(url)
const headers = { authorization: `Bearer ${secret}` }
const modes = {
  structured: emitterFor(transport, { mode: Mode.STRUCTURED }),
  binary: emitterFor(transport, { mode: Mode.BINARY }),
}

async function check(name, answer, expected) {
  const said = JSON.parse((await answer).body)
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, said[key]]))
  assert.deepEqual(found, expected, `${name}: ${JSON.stringify(said)}`)
  console.log(`ok: ${name}`)
}

function event(kind, number, data, attributes = {}) {
  const type = `com.example.webchat.${kind}`
  return new CloudEvent({ type, source: '/shop/npm', id: `${kind}-${number}`, data, ...attributes })
}

// A guest who connects and writes.
function pair(number, sessionId) {
  const data = { sessionId, queueId: 'sales' }
  return [event('connected', number, data), event('message', number, { ...data, direction: 'inbound' })]
}

// The SDK reads batches and leaves it to senders to write them.
function postBatch(events, options = { headers }) {
  const message = {
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: `[${events.map((one) => HTTP.structured(one).body).join()}]`,
  }
  return transport(message, options)
}

// Senders post again what they got no answer to: everything goes twice.
for (const [mode, emit] of Object.entries(modes)) {
  const events = pair(mode, `npm-${mode}`)
  for (const one of [...events, ...events]) {
    await check(`${mode} mode`, emit(one, { headers }), { elements: 1, events: 1, ignored: 0 })
  }
}
const batch = pair('batch', 'npm-batch')
await check('batch mode', postBatch(batch), { elements: 2, events: 2, ignored: 0 })
await check('batch mode', postBatch(batch), { elements: 2, events: 2, ignored: 0 })

// Data in bytes is written in base64.
const bytes = event('connected', 'bytes', Buffer.from(JSON.stringify({ sessionId: 'npm-bytes' })))
assert.ok(HTTP.structured(bytes).body.includes('data_base64'))
await check('structured mode, data in bytes', modes.structured(bytes, { headers }), { events: 1 })
const subject = event('connected', 'subject', { queueId: 'sales' }, { subject: 'npm-subject' })
await check('binary mode, session in the subject', modes.binary(subject, { headers }), { events: 1 })

// Of another type, half bad, of a stranger; and the next good one works.
await check('another type', modes.binary(event('typing', 1, {}), { headers }), { events: 0, ignored: 1 })
const half = [pair('bad', 'npm-bad')[0], event('connected', 'bad', {})]
await check('a half bad batch', postBatch(half), { index: 1, reason: 'field' })
const stranger = { headers: { authorization: 'Bearer another-secret' } }
await check('a stranger', postBatch(batch, stranger), {
  error: 'the credential of this endpoint is missing or wrong',
})
await check('the next one', postBatch(batch), { events: 2 })
