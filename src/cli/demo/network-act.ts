import { createServer } from 'node:net'
import type { Stage } from './stage.ts'

const POLICY = 'src/cli/demo/props/web-ingress.yaml'
const SELF_POLICY = 'src/cli/demo/props/no-egress.yaml'

/** Two workloads talk; a policy comes; the third is refused, and told why. */
export async function networkAct(stage: Stage): Promise<void> {
  stage.title(1, 'Who may talk to whom')
  const port = String(await freePort())
  if (stage.rung === 'self-restricted') return selfRestricted(stage, port)
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
  await stage.thymus('apply', '--confirm')

  await stage.clear()
  await stage.thymus('policy', 'delete', 'NetworkPolicy/default/web-ingress')
  console.log('  undone')
}

/** Without privilege a command restricts itself: ports, not peers. */
async function selfRestricted(stage: Stage, port: string): Promise<void> {
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

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
