// How long the parts of a request took, under the names that OPA has for them.
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'

export type Timer =
  | 'rego_input_parse'
  | 'rego_query_compile'
  | 'rego_query_eval'
  | 'rego_query_parse'
  | 'rego_module_compile'
  | 'server_handler'

/** `clock` gives milliseconds. */
export class Metrics {
  readonly #clock: () => number
  readonly #taken: [string, Value][] = []
  readonly #began: number

  constructor(clock: () => number) {
    this.#clock = clock
    this.#began = clock()
  }

  time<T>(name: Timer, work: () => T): T {
    const began = this.#clock()
    try {
      return work()
    } finally {
      this.#set(name, began)
    }
  }

  /** Whether the query was prepared before. */
  cached(hit: boolean): void {
    this.#taken.push(['counter_server_query_cache_hit', hit ? 1 : 0])
  }

  /** Ends the time of the whole request. */
  finish(): void {
    this.#set('server_handler', this.#began)
  }

  get document(): RegoObject {
    return RegoObject.of(this.#taken)
  }

  #set(name: Timer, began: number): void {
    this.#taken.push([`timer_${name}_ns`, Math.round((this.#clock() - began) * 1e6)])
  }
}
