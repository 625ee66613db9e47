// What stands in for an API server where a real one would not do it.
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { KubernetesClient } from '../../src/adapters/kubernetes/client.ts'
import { keptCertificates } from '../../src/server/admission/certificates.ts'

/** A client of it, whose token is `secret`. */
export async function served(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<KubernetesClient> {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-client-'))
  const { cert, key, bundle } = keptCertificates(folder, ['127.0.0.1']).refresh(Date.now()).credentials
  const server = createServer({ cert, key }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = new KubernetesClient({
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tls: { ca: bundle },
    token: () => 'secret',
  })
  t.after(() => {
    client.close()
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  return client
}
