// The webhook on a socket: TLS whose certificate changes while it runs, and bounds on what clients may cost.
import type { Server as HttpsServer } from 'node:https'
import type { ThymusError } from '../../core/errors.ts'
import { type Address, addressOf, type ListenOptions, listen, type Server, stop } from '../listen.ts'
import type { CertificateSource, Credentials, Told } from './certificates.ts'
import { type Gauge, Metrics } from './metrics.ts'
import { refusal, Webhook, type WebhookOptions } from './webhook.ts'

export interface AdmissionOptions extends Omit<WebhookOptions, 'metrics'> {
  readonly address: Address
  readonly certificates: CertificateSource
  /** Tells the cluster which authorities to trust; done before a certificate of a new one is served, and again until it succeeds. */
  readonly publish?: (bundle: string) => Promise<void>
  /** Milliseconds between two looks at the certificates. */
  readonly refreshMs?: number
  /** More figures to tell. */
  readonly gauges?: readonly Gauge[]
  readonly listening?: Partial<Pick<ListenOptions, 'maxBytes' | 'maxConnections' | 'requestMs' | 'idleMs'>>
}

/** What an API server sends at most: two objects of 1.5 MiB, which is what etcd takes. */
const MAX_BYTES = 3 << 20
const MAX_HELD = 64 << 20
const MAX_CONNECTIONS = 2_048
const MAX_HEAD = 16 << 10
const REQUEST_MS = 10_000
/** Longer than Go's client keeps a connection that nobody uses, so that it is never closed under a request. */
const IDLE_MS = 120_000
const REFRESH_MS = 60_000

export class AdmissionServer {
  readonly #options: AdmissionOptions
  #server: Server | undefined
  #timer: NodeJS.Timeout | undefined
  #served: Credentials
  #told: Told | undefined
  #fault: ThymusError | undefined
  #refreshing: Promise<void> | undefined

  private constructor(options: AdmissionOptions) {
    this.#options = options
    if (options.publish !== undefined) this.#told = { bundle: '', since: options.now() }
    const { credentials, fault } = options.certificates.refresh(options.now(), this.#told)
    this.#served = credentials
    this.#blame(fault)
  }

  /** Listens; the certificate may have ended already, which is told and keeps it from being ready. @throws ThymusError CONFIG, USAGE */
  static async start(options: AdmissionOptions): Promise<AdmissionServer> {
    const admission = new AdmissionServer(options)
    const { address, listening = {}, refreshMs = REFRESH_MS } = options
    const { maxBytes = MAX_BYTES } = listening
    const metrics = new Metrics([
      {
        name: 'thymus_admission_certificate_end_seconds',
        help: 'When the certificate ends.',
        value: () => admission.#served.notAfter / 1_000,
      },
      ...(options.gauges ?? []),
    ])
    const webhook = new Webhook({ ...options, metrics, notReady: () => admission.#notReady() })
    const refused = (status: number, message: string) => refusal(status, message)
    admission.#server = await listen(address, (asked) => webhook.answer(asked), {
      ...{ maxConnections: MAX_CONNECTIONS, maxHead: MAX_HEAD, requestMs: REQUEST_MS, idleMs: IDLE_MS, ...listening, maxBytes },
      tooLarge: refused(413, `the body is larger than ${maxBytes} bytes`),
      held: { maxBytes: Math.max(MAX_HELD, maxBytes), busy: refused(503, 'too much is asked at a time') },
      tls: admission.#served,
    })
    await admission.#publish(admission.#served.bundle)
    admission.#timer = setInterval(() => void admission.refresh(), refreshMs).unref()
    return admission
  }

  /** Where it answers. */
  get url(): string {
    return addressOf(this.#server!)
  }

  /** What it serves. */
  get credentials(): Credentials {
    return this.#served
  }

  /** Looks at the certificates now. Connections that are open go on as they are. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Answers what has begun, for so long at most. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.#timer)
    await this.#refreshing
    await stop(this.#server!, graceMs)
  }

  async #refresh(): Promise<void> {
    try {
      const { credentials, fault } = this.#options.certificates.refresh(this.#options.now(), this.#told)
      this.#blame(fault)
      await this.#publish(credentials.bundle)
      if (credentials.cert !== this.#served.cert || credentials.key !== this.#served.key) {
        const { cert, key } = credentials
        ;(this.#server as HttpsServer).setSecureContext({ cert, key, minVersion: 'TLSv1.2' })
      }
      this.#served = credentials
    } catch (error) {
      this.#options.fault(error)
    }
  }

  async #publish(bundle: string): Promise<void> {
    const { publish, fault, now } = this.#options
    if (publish === undefined || bundle === '' || bundle === this.#told?.bundle) return
    try {
      await publish(bundle)
      this.#told = { bundle, since: now() }
    } catch (error) {
      fault(error)
    }
  }

  /** Told once, not at every look. */
  #blame(fault: ThymusError | undefined): void {
    if (fault !== undefined && fault.message !== this.#fault?.message) this.#options.fault(fault)
    this.#fault = fault
  }

  #notReady(): string | undefined {
    const { now, notReady } = this.#options
    return now() > this.#served.notAfter ? 'UNTRUSTED: the certificate has ended' : notReady?.()
  }
}
