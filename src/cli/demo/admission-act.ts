import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FreeAct, Stage } from './stage.ts'

const PROPS = 'src/cli/demo/props'
const POLICY = `${PROPS}/pods.rego`
const DENY = 'data.kubernetes.admission.deny'
const PACK = 'policies/admission/baseline'

/** A policy decides what may be deployed, and says why. It needs no agent, no cluster and no privilege. */
export const ADMISSION_ACT: FreeAct = { title: 'A Pod that asks for too much', rung: 'engine', play }

async function play(stage: Stage): Promise<void> {
  stage.say('Two rules in Rego: no container is privileged, and every Pod has the label env.')
  const denied = await stage.thymus('rego', 'eval', '-f', 'values', '-d', POLICY, '-i', `${PROPS}/pod-privileged.json`, DENY)
  stage.expect('the privileged container is refused, in the words of its author', denied.stdout.includes('容器 nginx 不允许以特权模式运行'))
  stage.expect('the label that is missing is refused', denied.stdout.includes('Pod web 缺少标签 env'))
  stage.say('Which rule, which line, which part of the request?')
  const explained = await stage.thymus('rego', 'explain', '-d', POLICY, '-i', `${PROPS}/pod-privileged.json`, DENY)
  stage.expect(
    'each message has its rule and the line of its file',
    /pods\.rego:5\b/.test(explained.stdout) && /pods\.rego:14\b/.test(explained.stdout),
  )
  stage.say('The same Pod without privilege, and with the label.')
  const allowed = await stage.thymus('rego', 'eval', '-f', 'values', '-d', POLICY, '-i', `${PROPS}/pod-good.json`, DENY)
  stage.expect('nothing is refused', allowed.stdout === '[\n  []\n]\n')
  const why = await stage.thymus('rego', 'explain', '-d', POLICY, '-i', `${PROPS}/pod-good.json`, DENY)
  stage.expect(
    'and for each rule the first line that does not hold',
    /fails at line 8\b/.test(why.stdout) && /fails at line 16\b/.test(why.stdout),
  )
  await ask(stage)
  console.log('  undone: nothing was changed')
}

/** The same request to the door that a cluster asks. */
async function ask(stage: Stage): Promise<void> {
  stage.say('The same two rules as Gatekeeper templates, behind the webhook that a cluster asks. The review was sent by a kube-apiserver.')
  const folder = mkdtempSync(join(tmpdir(), 'thymus-demo-'))
  try {
    const serve = ['admission', 'serve', '--no-cluster', '--policy', PACK, '--certificates', folder, '--listen', '127.0.0.1:0']
    const [, url] = /listening on (\S+)/.exec(await stage.background('next:', ...serve)) ?? []
    const answer = await stage.post(`${PROPS}/pod-privileged.json`, `${url}/v1/admit`, join(folder, 'authorities.pem'))
    const { response } = JSON.parse(answer)
    stage.expect(
      'it is denied, in the words of the rule',
      response.allowed === false && response.status.message.includes('容器 nginx 不允许以特权模式运行'),
    )
    stage.expect(
      'what is only warned of is a warning',
      response.warnings?.some((warning: string) => warning.includes('Pod web 缺少标签 env')),
    )
    await stage.clear()
  } finally {
    rmSync(folder, { recursive: true })
  }
  stage.say('And before anything is deployed: the file, the line, the field.')
  const scanned = await stage.thymus('scan', 'manifests', '--pack', 'baseline', `${PROPS}/deployment.yaml`)
  stage.expect('the line of the privileged container is found', /deployment\.yaml:16\b.*ThymusPrivileged/.test(scanned.stdout))
}
