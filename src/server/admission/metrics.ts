// Figures in Prometheus' text format (exposition format 0.0.4).

type LabelValues = Readonly<Record<string, string>>

/** Kinds come from whoever may make CustomResourceDefinitions: beyond this many series, the rest share one. */
const MAX_SERIES = 1_000
const OTHER = 'other'
/** Seconds. The API server waits for 30 at most. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export class Metrics {
  readonly #requests = new Counter('thymus_admission_requests_total', 'Reviews that were answered.')
  readonly #refused = new Counter('thymus_admission_refused_total', 'Requests that were no review that can be answered.')
  readonly #failures = new Counter('thymus_admission_failures_total', 'Judgements that the fail mode had to replace.')
  readonly #unlogged = new Counter('thymus_admission_unlogged_total', 'Decisions that could not be logged.')
  readonly #duration = new Histogram('thymus_admission_duration_seconds', 'From a review that is read to its answer.')
  readonly #gauges: readonly Gauge[]

  constructor(gauges: readonly Gauge[] = []) {
    this.#gauges = gauges
  }

  answered(labels: { webhook: string; kind: string; operation: string; decision: string; dry_run: string }, seconds: number): void {
    this.#requests.add(labels, { ...labels, kind: OTHER })
    this.#duration.add({ webhook: labels.webhook }, seconds)
  }

  refused(status: number): void {
    this.#refused.add({ status: String(status) })
  }

  /** @param code of the error */
  failed(webhook: string, code: string): void {
    this.#failures.add({ webhook, code })
  }

  unlogged(): void {
    this.#unlogged.add({})
  }

  text(): string {
    const families = [this.#requests, this.#refused, this.#failures, this.#unlogged, this.#duration]
    const gauges = this.#gauges.map(({ name, help, value }) => `${head(name, help, 'gauge')}${name} ${value()}\n`)
    return [...families.map((family) => family.text()), ...gauges].join('')
  }
}

export interface Gauge {
  readonly name: string
  readonly help: string
  readonly value: () => number
}

class Counter {
  readonly #name: string
  readonly #help: string
  readonly #series = new Map<string, number>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  /** @param shared where there are too many series already */
  add(labels: LabelValues, shared: LabelValues = labels): void {
    const written = write(labels)
    const key = this.#series.has(written) || this.#series.size < MAX_SERIES ? written : write(shared)
    this.#series.set(key, (this.#series.get(key) ?? 0) + 1)
  }

  text(): string {
    const lines = [...this.#series].map(([labels, count]) => `${this.#name}${labels} ${count}\n`)
    return head(this.#name, this.#help, 'counter') + lines.join('')
  }
}

class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #series = new Map<string, { readonly labels: LabelValues; readonly counts: number[]; sum: number; count: number }>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  add(labels: LabelValues, seconds: number): void {
    const key = write(labels)
    const series = this.#series.get(key) ?? { labels, counts: BUCKETS.map(() => 0), sum: 0, count: 0 }
    this.#series.set(key, series)
    for (const [at, bound] of BUCKETS.entries()) if (seconds <= bound) series.counts[at]!++
    series.sum += seconds
    series.count++
  }

  text(): string {
    const lines = [...this.#series.values()].flatMap(({ labels, counts, sum, count }) => [
      ...BUCKETS.map((bound, at) => `${this.#name}_bucket${write({ ...labels, le: String(bound) })} ${counts[at]}\n`),
      `${this.#name}_bucket${write({ ...labels, le: '+Inf' })} ${count}\n`,
      `${this.#name}_sum${write(labels)} ${sum}\n`,
      `${this.#name}_count${write(labels)} ${count}\n`,
    ])
    return head(this.#name, this.#help, 'histogram') + lines.join('')
  }
}

const head = (name: string, help: string, type: string) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`

function write(labels: LabelValues): string {
  const escaped = (value: string) => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
