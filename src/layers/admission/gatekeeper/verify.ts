// Runs suites. Files are read through a port, so that nothing here touches a disk.
import { posix } from 'node:path'
import { ThymusError } from '../../../core/errors.ts'
import { readGatorDocument, readGatorDocuments } from '../../../formats/kubernetes/manifest.ts'
import { hasKind, isFields, type KubernetesObject, kindOf } from '../../../formats/kubernetes/object.ts'
import { isConstraint, SchemaError } from './constraint.ts'
import { reviewExpanded } from './expanded-review.ts'
import { Expander, readExpansion } from './expansion.ts'
import { Library, type LibraryOptions, type Violation } from './library.ts'
import { MutationSystem } from './mutation/system.ts'
import { type Question, questionFrom, questionOf } from './question.ts'
import { readReviewObject } from './review-object.ts'
import { isSuite, readSuite, type Suite, type SuiteCase, type SuiteTest, unmet } from './suite.ts'

export interface VerifyOptions extends LibraryOptions {
  /** The text of a file. Throws ThymusError SUITE if it cannot be read. */
  readonly read: (file: string) => string
  /** Which tests and cases are run; all by default. The case is undefined where it is asked about the test alone. */
  readonly wanted?: (test: SuiteTest, each: SuiteCase | undefined) => boolean
}

/** `error` is undefined for what passed. */
export interface CaseResult {
  readonly name: string
  readonly skipped: boolean
  readonly error: string | undefined
  readonly violations: readonly Violation[]
}

export interface TestResult {
  readonly name: string
  readonly skipped: boolean
  /** What kept the cases from being run. */
  readonly error: string | undefined
  readonly cases: readonly CaseResult[]
}

export interface SuiteResult {
  readonly file: string
  readonly skipped: boolean
  readonly tests: readonly TestResult[]
}

/** Runs the suite in a file; undefined if the file holds something else. Throws ThymusError SUITE or MANIFEST. */
export function verifySuite(file: string, options: VerifyOptions): SuiteResult | undefined {
  const { object } = readGatorDocument(options.read(file), file)
  if (!isFields(object) || !isSuite(object)) return undefined
  const suite = readSuite(object, file)
  return { file, skipped: suite.skip, tests: suite.skip ? [] : runTests(suite, posix.dirname(file), options) }
}

function runTests({ tests }: Suite, folder: string, options: VerifyOptions): readonly TestResult[] {
  return tests.map((test) => {
    const { name } = test
    if (test.skip || options.wanted?.(test, undefined) === false) return { name, skipped: true, error: undefined, cases: [] }
    let cases: readonly CaseResult[] = []
    const error = faultOf(() => {
      cases = new TestRun(test, folder, options).cases()
    })
    return { name, skipped: false, error, cases }
  })
}

/** The message of an error that a user can mend. */
function faultOf(run: () => void): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    return error.at === undefined ? `${error.code}: ${error.message}` : `${error.code} at ${error.at}: ${error.message}`
  }
}

class TestRun {
  readonly #test: SuiteTest
  readonly #folder: string
  readonly #options: VerifyOptions

  constructor(test: SuiteTest, folder: string, options: VerifyOptions) {
    this.#test = test
    this.#folder = folder
    this.#options = options
  }

  cases(): readonly CaseResult[] {
    const { invalid, template, constraint, cases } = this.#test
    const library = new Library(this.#options)
    library.addTemplate(this.#object(template, 'template'))
    const written = this.#object(constraint, 'constraint')
    if (!isConstraint(written)) throw new ThymusError('SUITE', 'the file holds no constraint', { at: constraint })
    if (invalid) {
      this.#expectRefused(library, written)
      return []
    }
    library.addConstraint(written)
    const expander = this.#expander()
    return cases.map((each) => this.#case(each, library, expander))
  }

  #expectRefused(library: Library, constraint: KubernetesObject): void {
    try {
      library.addConstraint(constraint)
    } catch (error) {
      if (error instanceof SchemaError) return
      throw error
    }
    throw new ThymusError('SUITE', 'the schema of the template should have refused the constraint', { at: this.#test.constraint })
  }

  #case(each: SuiteCase, library: Library, expander: Expander): CaseResult {
    const { name, skip } = each
    if (skip || this.#options.wanted?.(this.#test, each) === false) return { name, skipped: true, error: undefined, violations: [] }
    let violations: readonly Violation[] = []
    const error = faultOf(() => {
      if (each.object === '') throw new ThymusError('SUITE', 'the case names no object', { at: name })
      if (each.assertions.length === 0) throw new ThymusError('SUITE', 'the case has no assertions', { at: name })
      violations = this.#review(each, library, expander)
      const messages = violations.map(({ message }) => message)
      for (const assertion of each.assertions) {
        const problem = unmet(assertion, messages)
        if (problem !== undefined) throw new ThymusError('SUITE', problem, { at: name })
      }
    })
    return { name, skipped: false, error, violations }
  }

  #review({ object, inventory }: SuiteCase, library: Library, expander: Expander): readonly Violation[] {
    const [reviewed, ...others] = this.#objects(object)
    if (reviewed === undefined || others.length > 0) {
      throw new ThymusError('SUITE', `the file must hold one object, and holds ${others.length + (reviewed ? 1 : 0)}`, { at: object })
    }
    const known = inventory.flatMap((file) => this.#objects(file))
    for (const each of known) library.addData(each)
    try {
      const question = questionIn(reviewed, object)
      // A request is judged as it is; only an object in a file is expanded.
      if (isReview(reviewed)) return library.review(question, 'gator.gatekeeper.sh')
      return reviewExpanded(library, expander, question, 'gator.gatekeeper.sh')
    } finally {
      for (const each of known) library.removeData(each)
    }
  }

  #expander(): Expander {
    const { expansion } = this.#test
    const templates = expansion === '' ? [] : this.#objects(expansion).map(readExpansion)
    const expander = Expander.of(templates, MutationSystem.of([]))
    const [cycle] = expander.cycles
    if (cycle !== undefined)
      throw new ThymusError('MUTATOR', `the ExpansionTemplate ${cycle} leads back to what it applies to`, { at: expansion })
    return expander
  }

  #path(file: string): string {
    return posix.join(this.#folder, file)
  }

  /** The one object of a file. */
  #object(file: string, what: string): KubernetesObject {
    if (file === '') throw new ThymusError('SUITE', `the test names no ${what}`, { at: this.#test.name })
    const { object } = readGatorDocument(this.#options.read(this.#path(file)), file)
    return asObject(object, file)
  }

  #objects(file: string): readonly KubernetesObject[] {
    return readGatorDocuments(this.#options.read(this.#path(file)), file).map(({ object }) => asObject(object, file))
  }
}

function asObject(value: unknown, file: string): KubernetesObject {
  if (!isFields(value)) throw new ThymusError('SUITE', 'the file holds no object', { at: file })
  // A match by kind would not find it, and nothing would object.
  if (!hasKind(value)) throw new ThymusError('SUITE', 'an object has no kind, or an apiVersion that is none', { at: file })
  return value
}

/** An AdmissionReview stands for the request in it, anything else for itself. */
function questionIn(object: KubernetesObject, file: string): Question {
  return isReview(object) ? questionFrom(readReviewObject(object, file), { source: 'Original' }) : questionOf(object, 'Original')
}

function isReview(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return kind === 'AdmissionReview' && group === 'admission.k8s.io'
}
