// BullMQ as a peer: one JSON request a line on standard input, one JSON answer a line on standard output. Requests come
// one at a time. The first is {do: "open", socket, payload}; the others are the functions of `acts` below.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Queue, Worker } from 'bullmq'

const name = 'peers'
let connection, payload, queue

const acts = {
  async open(request) {
    connection = { path: request.socket, maxRetriesPerRequest: null }
    payload = JSON.parse(request.payload)
    await openQueue()
    const { version } = JSON.parse(readFileSync(new URL('node_modules/bullmq/package.json', import.meta.url)))
    return { version, node: process.version }
  },

  // The caller has emptied Redis, and with it what BullMQ writes when a queue is opened.
  async reset() {
    await queue.close()
    await openQueue()
  },

  async submit({ n, producers, batch }) {
    await submit(n, producers, batch)
  },

  async drain({ n, slots }) {
    return run(n, slots, async () => {})
  },

  async both({ n, producers, slots }) {
    return run(n, slots, () => submit(n, producers, 1))
  },

  // Each task comes idle_ms after the last was picked up, or half as much less or more, at random. The first two do not
  // count: they find a worker that is still starting.
  async pick_up({ samples, slots, idle_ms }) {
    let picked
    const worker = newWorker(slots, async () => picked(performance.now()))
    const waits = []
    for (let i = 0; i < samples + 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, (0.5 + Math.random()) * idle_ms))
      const started = new Promise((resolve) => { picked = resolve })
      const began = performance.now()
      await queue.add('noop', payload)
      if (i < 2) await started
      else waits.push((await started) - began)
    }
    await worker.close()
    return { waits_ms: waits }
  },
}

async function openQueue() {
  queue = new Queue(name, { connection })
  await queue.waitUntilReady()
}

function newWorker(slots, handle) {
  const worker = new Worker(name, handle, { connection, concurrency: slots })
  worker.on('error', fail)
  return worker
}

async function submit(n, producers, batch) {
  let left = n
  const produce = async () => {
    while (left > 0) {
      const tasks = Math.min(batch, left)
      left -= tasks
      if (tasks === 1) await queue.add('noop', payload)
      else await queue.addBulk(Array.from({ length: tasks }, () => ({ name: 'noop', data: payload })))
    }
  }
  await Promise.all(Array.from({ length: producers }, produce))
}

// run counts until n tasks are recorded as completed, which the event says, with submitting at work beside the worker.
async function run(n, slots, submitting) {
  let completed = 0
  let finish
  const finished = new Promise((resolve) => { finish = resolve })
  const began = performance.now()
  const worker = newWorker(slots, async () => {})
  worker.on('completed', () => { if (++completed === n) finish() })
  await Promise.all([submitting(), finished])
  const ms = performance.now() - began
  await worker.close()
  if (completed !== n) throw new Error(`${completed} tasks ran; there were ${n}`)
  return { ms }
}

function fail(err) {
  console.error(err)
  process.exit(1)
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  try {
    console.log(JSON.stringify({ ...await acts[request.do](request) }))
  } catch (err) {
    console.log(JSON.stringify({ error: String(err) }))
  }
}
process.exit(0) // standard input has ended: whoever asked is done, or dead
