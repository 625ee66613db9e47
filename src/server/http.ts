// The local API (api.ts) on a Unix socket. Who asks is told by the kernel (SO_PEERCRED), never by the request: root and the agent's own
// user may ask everything, nobody else anything.
import type { IncomingMessage, Server } from 'node:http'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { type Code, ThymusError } from '../core/errors.ts'
import type { AgentPort } from './agent-port.ts'
import { API_VERSION, type ApiError } from './api.ts'
import { removeStale } from './stale-socket.ts'

/** The largest policy file that is taken, and its envelope. */
const MAX_REQUEST = 64 << 20
const STATUS: Partial<Record<Code, 400 | 403 | 404 | 409 | 500>> = {
  PRIVILEGE: 403,
  POLICY_UNKNOWN: 404,
  WORKLOAD_UNKNOWN: 404,
  GROUP_UNKNOWN: 404,
  GROUP_TAKEN: 409,
  WORKLOAD_NAME: 409,
  AGENT_DOWN: 500,
  INTERNAL: 500,
  KERNEL_REFUSED: 500,
  STATE_CORRUPT: 409,
}

const mode = z.enum(['observe', 'shadow', 'enforce']).optional()
const APPLY = z.strictObject({
  text: z.string(),
  file: z.string().max(4096),
  mode,
  confirmWithinSeconds: z.number().positive().max(86_400).optional(),
  dryRun: z.boolean().optional(),
})
const WHY = z.discriminatedUnion('gate', [
  z.strictObject({
    gate: z.enum(['connect', 'bind', 'exec']),
    from: z.string(),
    to: z.string().optional(),
    protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
    port: z.int().min(0).max(65_535).optional(),
    path: z.string().optional(),
  }),
  z.strictObject({
    gate: z.literal('module'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'no SHA-256: 64 digits, in lower case')
      .optional(),
    path: z.string().optional(),
  }),
])
const START = z.strictObject({
  name: z.string(),
  namespace: z.string(),
  labels: z.record(z.string(), z.string()),
  mode,
  netns: z.boolean().optional(),
  cgroup: z.string().optional(),
})
const RECORD = z.strictObject({ file: z.string().nullable() })
const DOWN = z.strictObject({ purge: z.boolean() })

type Env = { Bindings: HttpBindings }

/** Answers on `socket` until the server is closed. `peerUid` tells who is at the other end of a request. */
export async function serve(
  agent: AgentPort,
  socket: string,
  allowed: readonly number[],
  peerUid: (request: IncomingMessage) => number,
): Promise<Server> {
  // A socket file that nobody listens on is left from a killed agent. One that answers is another agent's.
  if (!(await removeStale(socket))) throw new ThymusError('AGENT_SECOND', 'another agent answers on this socket', { at: socket })
  const server = createAdaptorServer({ fetch: routes(agent, allowed, peerUid).fetch }) as Server
  server.maxHeadersCount = 64
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: socket, readableAll: true, writableAll: true }, resolve)
  })
  return server
}

function routes(agent: AgentPort, allowed: readonly number[], peerUid: (request: IncomingMessage) => number): Hono<Env> {
  const app = new Hono<Env>()
  app.onError((error, context) => {
    const known = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
    if (known.code === 'INTERNAL') console.error(error)
    const body: ApiError = { code: known.code, message: known.message, ...(known.at === undefined ? {} : { at: known.at }) }
    return context.json(body, STATUS[known.code] ?? 400)
  })
  app.notFound((context) =>
    context.json({ code: 'AGENT_REQUEST', message: `no such request: ${context.req.method} ${context.req.path}` }, 404),
  )
  app.use(async (context, next) => {
    const uid = peerUid(context.env.incoming)
    if (!allowed.includes(uid)) throw new ThymusError('PRIVILEGE', `user ${uid} may not ask this agent`)
    await next()
  })
  const answer = (context: Context<Env>, kind: string, value: object) => context.json({ apiVersion: API_VERSION, kind, ...value })
  const list = (context: Context<Env>, kind: string, items: readonly unknown[]) => answer(context, kind, { items })

  app.get('/v1/status', async (c) => answer(c, 'Status', await agent.status()))
  app.get('/v1/policies', (c) => list(c, 'PolicyList', agent.policies()))
  app.post('/v1/policies', async (c) =>
    answer(c, 'ApplyResult', await agent.apply((await read(c, APPLY)) as Parameters<AgentPort['apply']>[0], peerUid(c.env.incoming))),
  )
  app.post('/v1/policies/confirm', async (c) => answer(c, 'ApplyResult', await agent.confirm()))
  app.post('/v1/policies/rollback', async (c) => answer(c, 'ApplyResult', await agent.rollback()))
  app.post('/v1/policies/why', async (c) => answer(c, 'WhyResult', agent.why((await read(c, WHY)) as Parameters<AgentPort['why']>[0])))
  app.post('/v1/policies/diff', async (c) =>
    answer(c, 'DiffResult', await agent.diff((await read(c, APPLY)) as Parameters<AgentPort['diff']>[0])),
  )
  app.delete('/v1/policies/:id{.+}', async (c) => answer(c, 'ApplyResult', await agent.deletePolicy(c.req.param('id'))))
  app.get('/v1/workloads', async (c) => list(c, 'WorkloadList', await agent.workloads()))
  app.post('/v1/workloads', async (c) =>
    answer(c, 'Workload', await agent.startWorkload((await read(c, START)) as Parameters<AgentPort['startWorkload']>[0])),
  )
  app.get('/v1/workloads/:namespace/:name', async (c) => {
    const { namespace, name } = c.req.param()
    const found = (await agent.workloads()).find((workload) => workload.namespace === namespace && workload.name === name)
    if (!found) throw new ThymusError('WORKLOAD_UNKNOWN', `no workload ${namespace}/${name}`)
    return answer(c, 'Workload', found)
  })
  app.delete('/v1/workloads/:namespace/:name', async (c) => {
    await agent.removeWorkload(c.req.param('namespace'), c.req.param('name'))
    return answer(c, 'Removed', {})
  })
  app.get('/v1/events', (c) => stream(c, agent))
  app.get('/v1/flows', (c) => list(c, 'FlowList', agent.flows()))
  app.get('/v1/decisions', (c) => list(c, 'DecisionList', agent.decisions()))
  app.get('/v1/findings', (c) => answer(c, 'FindingList', agent.findings(c.req.query('severity'))))
  app.get('/v1/explain/:id{.+}', (c) => answer(c, 'Explanation', agent.explain(c.req.param('id'))))
  app.post('/v1/record', async (c) => {
    await agent.record((await read(c, RECORD)).file)
    return answer(c, 'Recording', {})
  })
  app.post('/v1/down', async (c) => {
    await agent.down((await read(c, DOWN)).purge)
    return answer(c, 'Down', {})
  })
  return app
}

/** The request's body, held against its schema: one clear error that names the field. */
async function read<T>(context: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(context)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ThymusError('AGENT_REQUEST', 'the body is not JSON')
  }
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new ThymusError('AGENT_REQUEST', message, { at: path.join('.') || 'body' })
}

/** A length that is told is believed only to refuse early; one in chunks tells none. */
async function readText(context: Context<Env>): Promise<string> {
  const told = Number(context.req.header('content-length') ?? 0)
  if (told > MAX_REQUEST) throw new ThymusError('POLICY_LIMIT', `a request of ${told} bytes, at most ${MAX_REQUEST}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of context.req.raw.body ?? []) {
    length += chunk.length
    if (length > MAX_REQUEST) throw new ThymusError('POLICY_LIMIT', `a request of more than ${MAX_REQUEST} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function stream(context: Context<Env>, agent: AgentPort): Response {
  const ended = new AbortController()
  const { type, workload, follow } = context.req.query()
  const filter = { ...(type ? { type } : {}), ...(workload ? { workload } : {}), follow: follow === '1' }
  const lines = agent.events(filter, ended.signal)[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  const body = new ReadableStream({
    async pull(controller) {
      const next = await lines.next()
      if (next.done) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`))
    },
    async cancel() {
      ended.abort()
      await lines.return?.()
    },
  })
  return context.body(body, 200, { 'content-type': 'application/x-ndjson' })
}
