// A real Kubernetes API for tests: etcd and kube-apiserver on loopback, in a folder of their own, with certificates that we issue.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { issueAuthority, issueLeaf, type KeyPair, newKeyPair } from '../../src/formats/x509/issue.ts'
import { type KubePrograms, obtainKube } from '../../tools/kube/build.ts'
import { KubeClient, type KubeIdentity } from './kube-client.ts'

const READY_MS = 60_000
const DAY = 86_400_000
const run = promisify(execFile)

let known: { readonly found: KubePrograms | string } | undefined

/** Why there is no Kubernetes here; undefined where there is one. The first to ask may wait for minutes, until it is built. */
export function whyNoKube(): string | undefined {
  known ??= { found: obtainKube() }
  return typeof known.found === 'string' ? known.found : undefined
}

/** Started by a test file, which asks `whyNoKube` first; it is ended when all tests of the file have, whatever became of them. */
export class Kube {
  /** Of a member of `system:masters`. */
  readonly client: KubeClient
  readonly folder: string
  readonly #programs: KubePrograms
  readonly #running = new Map<'etcd' | 'apiserver', { readonly child: ChildProcess; readonly flags: readonly string[] }>()

  private constructor(programs: KubePrograms, folder: string, url: string, identity: KubeIdentity) {
    this.#programs = programs
    this.folder = folder
    this.client = new KubeClient(url, identity)
  }

  /** `flags`: more of the API server's, as `--feature-gates=…`. */
  static async start(flags: readonly string[] = []): Promise<Kube> {
    const programs = known?.found
    if (programs === undefined || typeof programs === 'string') throw new Error('ask whyNoKube first')
    const folder = mkdtempSync(join(tmpdir(), 'thymus-kube-'))
    const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number]
    const kube = new Kube(programs, folder, `https://127.0.0.1:${port}`, writeCredentials(folder))
    started.add(kube)
    kube.#begin('etcd', [
      ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level=error'],
      ...['--listen-client-urls', `http://127.0.0.1:${etcdPort}`, '--advertise-client-urls', `http://127.0.0.1:${etcdPort}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peerPort}`],
    ])
    const file = (name: string) => join(folder, name)
    kube.#begin('apiserver', [
      ...[`--etcd-servers=http://127.0.0.1:${etcdPort}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${folder}`],
      ...[`--tls-cert-file=${file('server.crt')}`, `--tls-private-key-file=${file('server.key')}`, `--client-ca-file=${file('ca.crt')}`],
      ...[`--service-account-key-file=${file('accounts.key')}`, `--service-account-signing-key-file=${file('accounts.key')}`],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--service-cluster-ip-range=10.0.0.0/24', '--authorization-mode=RBAC'],
      // There is no controller that would make service accounts, and nothing to route to.
      ...['--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none', '--allow-privileged', ...flags],
    ])
    await kube.#ready()
    return kube
  }

  /** Both outputs of kubectl. @throws where it fails, with what it said */
  async kubectl(...words: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const file = (name: string) => join(this.folder, name)
    const flags = [`--server=${this.client.url}`, `--certificate-authority=${file('ca.crt')}`]
    const identity = [`--client-certificate=${file('admin.crt')}`, `--client-key=${file('admin.key')}`]
    return run(this.#programs.kubectl, [...flags, ...identity, `--cache-dir=${file('cache')}`, '--kubeconfig=/dev/null', ...words])
  }

  /** Ends the API server without a word; what it has stored is there when it is begun anew. */
  async crash(): Promise<void> {
    const { child } = this.#running.get('apiserver')!
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** Resolves when it is ready. */
  async revive(): Promise<void> {
    this.#begin('apiserver', this.#running.get('apiserver')!.flags)
    await this.#ready()
  }

  /** The end of what the API server logged. */
  log(characters = 4_000): string {
    return readFileSync(join(this.folder, 'apiserver.log'), 'utf8').slice(-characters)
  }

  #begin(name: 'etcd' | 'apiserver', flags: readonly string[]): void {
    const log = openSync(join(this.folder, `${name}.log`), 'w')
    const child = spawn(this.#programs[name], flags, { stdio: ['ignore', log, log], cwd: this.folder })
    this.#running.set(name, { child, flags })
  }

  async #ready(): Promise<void> {
    const until = performance.now() + READY_MS
    const answers = async (path: string) => (await this.client.ask('GET', path).catch(() => undefined))?.status === 200
    while (!((await answers('/readyz')) && (await answers('/api/v1/namespaces/default')))) {
      const ended = [...this.#running.values()].some(({ child: { exitCode, signalCode } }) => exitCode !== null || signalCode !== null)
      if (ended || performance.now() > until) throw new Error(`no API server ${ended ? 'stays up' : 'is ready'}: ${this.log()}`)
      await sleep(50)
    }
  }

  kill(): void {
    for (const { child } of this.#running.values()) child.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    started.delete(this)
    this.client.close()
    const ended = [...this.#running.values()].map(({ child }) =>
      child.exitCode !== null || child.signalCode !== null ? undefined : new Promise((resolve) => child.once('exit', resolve)),
    )
    this.kill()
    await Promise.all(ended)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const started = new Set<Kube>()
after(async () => {
  for (const kube of started) await kube.stop()
})
// Where a test ends the process, nobody waits any more.
process.on('exit', () => {
  for (const kube of started) kube.kill()
})

/** An authority, the server's certificate and an administrator's, and a key for the tokens of service accounts. */
function writeCredentials(folder: string): KubeIdentity {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return text
  }
  const now = Date.now()
  const basis = () => ({ serial: randomBytes(16), notBefore: now - DAY, notAfter: now + DAY })
  const authority = { ...newKeyPair(), subject: { commonName: 'kube-test' } }
  const ca = write('ca.crt', pem(issueAuthority({ ...basis(), subject: authority.subject }, authority)))
  const leaf = (file: string, commonName: string, purpose: 'server' | 'client', names: readonly string[], organization?: string) => {
    const keys = newKeyPair()
    const subject = organization === undefined ? { commonName } : { commonName, organization }
    const cert = write(`${file}.crt`, pem(issueLeaf({ ...basis(), subject, publicKey: keys.publicKey, purpose, names }, authority)))
    return { cert, key: write(`${file}.key`, keyPem(keys)) }
  }
  leaf('server', 'kube-apiserver', 'server', ['127.0.0.1', 'localhost', 'kubernetes.default.svc'])
  write('accounts.key', keyPem(newKeyPair()))
  return { ca, ...leaf('admin', 'admin', 'client', [], 'system:masters') }
}

const pem = (der: Buffer) => new X509Certificate(der).toString()
const keyPem = ({ privateKey }: KeyPair) => privateKey.export({ format: 'pem', type: 'sec1' }).toString()

/** All taken at the same time, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
