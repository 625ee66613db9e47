import { createServer } from 'node:net'
import type { FlowSummary } from '../../server/api.ts'
import type { List } from '../client.ts'
import type { Act, Stage } from './stage.ts'

const POLICY = 'src/cli/demo/props/web-ingress.yaml'
const SELF_POLICY = 'src/cli/demo/props/no-egress.yaml'

/** Two workloads talk; a policy comes; the third is refused, and told why. */
export const NETWORK_ACT: Act = { title: 'Who may talk to whom', needs: ['connect'], byKernel, selfRestricted, replayed }

async function byKernel(stage: Stage): Promise<void> {
  const port = String(await freePort())
  stage.say('A server, and two that want something of it. Without a policy everybody may talk to everybody.')
  await stage.background('listening', 'run', '--name', 'web', '--label', 'app=web', '--', ...stage.prop('server', port))
  const stranger = ['run', '--name', 'stranger', '--label', 'role=stranger', '--', ...stage.prop('client', port)]
  stage.expect('the stranger is answered', (await stage.thymus(...stranger)).stdout === 'hello\n')

  stage.say('A Kubernetes NetworkPolicy: only who carries role=friend may reach app=web. It undoes itself unless it is confirmed.')
  await stage.thymus('apply', '-f', POLICY, '--enforce', '--confirm-within', '60s')
  const friend = ['run', '--name', 'friend', '--label', 'role=friend', '--', ...stage.prop('client', port)]
  stage.expect('the friend is answered', (await stage.thymus(...friend)).stdout === 'hello\n')
  const refused = await stage.thymus(...stranger)
  stage.expect('connect(2) of the stranger returned EPERM', refused.stdout === 'connect: EPERM\n')
  await stage.thymus('apply', '--confirm')

  stage.say('Which rule was that, and what would have to change?')
  await stage.background('ready', 'run', '--name', 'idle', '--label', 'role=stranger', '--', 'sh', '-c', 'echo ready; exec sleep 30')
  const why = await stage.thymus('policy', 'why', 'idle', 'web', '--port', port)
  stage.expect('it names the policy', why.stdout.includes('NetworkPolicy/default/web-ingress'))
  const listed = await stage.thymus('finding', 'list')
  const id = /NET_DENIED-\w+/.exec(listed.stdout)?.[0]
  if (id !== undefined) {
    const explained = await stage.thymus('explain', id)
    stage.expect('it shows the file and the line', explained.stdout.includes(`${POLICY}:`))
  } else stage.expect('the denial is a finding', false)
  await stage.clear()
  await stage.thymus('policy', 'delete', 'NetworkPolicy/default/web-ingress')
  console.log('  undone')
}

/** Without privilege a command restricts itself: ports, not peers. */
async function selfRestricted(stage: Stage): Promise<void> {
  const port = String(await freePort())
  stage.say(
    'No privilege here: the command takes its own rights away (Landlock) before it starts. It can give up ports, not tell peers apart.',
  )
  const server = createServer((socket) => socket.end('hello\n'))
  await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve))
  try {
    const free = await stage.thymus('run', '--name', 'free', '--', ...stage.prop('client', port))
    stage.expect('without a policy it is answered', free.stdout === 'hello\n')
    const bound = await stage.thymus(
      'run',
      '--name',
      'bound',
      '--label',
      'role=quiet',
      '--policy',
      SELF_POLICY,
      '--',
      ...stage.prop('client', port),
    )
    stage.expect('with one that denies it all traffic, connect(2) is refused', /connect: E(ACCES|PERM)/.test(bound.stdout))
    console.log('  undone: the restriction ended with the command')
  } finally {
    server.close()
  }
}

async function replayed(stage: Stage, recording: string): Promise<void> {
  stage.say(`A server, and two that wanted something of it; then came a NetworkPolicy (${POLICY}). Who talked to whom:`)
  await stage.thymus('replay', recording, '--flows')
  const { items } = JSON.parse((await stage.quietly('replay', recording, '--flows', '-o', 'json')).stdout) as List<FlowSummary>
  const from = (workload: string) => items.filter((flow) => flow.from === workload && flow.to === 'default/web')
  stage.expect(
    'the friend was answered',
    from('default/friend').some(({ bytesIn }) => bytesIn > 0),
  )
  const refused = from('default/stranger').find(({ state }) => state === 'denied')
  stage.expect(
    'the stranger was refused, and it says by which policy',
    refused?.because.includes('NetworkPolicy/default/web-ingress') === true,
  )

  stage.say('And what was found:')
  const found = await stage.thymus('replay', recording)
  stage.expect('the denial is a finding', /NET_DENIED-\w+ .* default\/stranger/.test(found.stdout))
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
