// The faults found in a compilation, as OPA gathers them.
import type { Diagnostic, RejectionCode } from '../errors.ts'
import { RegoRejected } from '../errors.ts'
import type { Location } from '../syntax/ast.ts'
import { compareLocations } from '../syntax/order.ts'
import { compareStrings } from '../values/order.ts'

/** OPA reports no more than these. */
const ERROR_LIMIT = 10

export class Report {
  readonly #faults: Diagnostic[] = []
  readonly #limit: number
  #fatal = false
  #full = false

  /** `limit`: how many faults are reported; 0 for all. */
  constructor(limit = ERROR_LIMIT) {
    this.#limit = limit
  }

  /** In the order in which they were found. */
  get faults(): readonly Diagnostic[] {
    return this.#faults
  }

  /** A fault that ends the compilation after its stage. Answers whether more are taken. */
  add(code: RejectionCode, at: Location | undefined, message: string): boolean {
    this.#fatal = true
    return this.minor(code, at, message)
  }

  /** A fault that lets the later stages run, so that what they find is reported too. */
  minor(code: RejectionCode, at: Location | undefined, message: string): boolean {
    return this.take({ code, message, at })
  }

  /** Such a fault as it was found elsewhere. */
  take(fault: Diagnostic): boolean {
    if (this.#full) return false
    this.#faults.push(fault)
    this.#full = this.#faults.length === this.#limit
    return !this.#full
  }

  addAll(faults: readonly Diagnostic[]): void {
    if (faults.length > 0) this.#fatal = true
    for (const fault of faults) this.take(fault)
  }

  /** Ends with what was found when a stage has found what later ones cannot bear. */
  check(): void {
    if (this.#fatal || this.#full) this.end()
  }

  /** Ends if anything was found. */
  end(): void {
    const [first, ...others] = this.#faults.sort(
      (a, b) => compareLocations(a.at, b.at) || compareStrings(`${a.code}: ${a.message}`, `${b.code}: ${b.message}`),
    )
    if (first === undefined) return
    const limit: Diagnostic = { code: 'rego_compile_error', message: 'error limit reached', at: undefined }
    throw new RegoRejected([first, ...others, ...(this.#full ? [limit] : [])])
  }
}
