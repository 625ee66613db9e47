// `npm run -s conform -- SUITE PATH`: runs a suite that other people wrote. The last line on stdout is one JSON object (SuiteResult);
// what did not pass is on stderr, a line each. Exit 0 only if nothing failed and nothing was wrong.
import { EXIT } from '../../src/core/errors.ts'
import { attest } from './attest.ts'
import { fmt } from './fmt.ts'
import { gatekeeper } from './gatekeeper.ts'
import { gatekeeperGator } from './gatekeeper-gator.ts'
import { kata } from './kata.ts'
import { netpol } from './netpol.ts'
import { rego } from './rego.ts'
import { regoOpa } from './rego-opa.ts'
import type { Suite } from './suite.ts'

const SUITES: Readonly<Record<string, Suite>> = {
  attest,
  fmt,
  gatekeeper,
  'gatekeeper-gator': gatekeeperGator,
  kata,
  netpol,
  rego,
  'rego-opa': regoOpa,
}

const [name, path] = process.argv.slice(2)
const suite = name !== undefined && Object.hasOwn(SUITES, name) ? SUITES[name] : undefined
if (suite === undefined || path === undefined) {
  console.error(`usage: conform SUITE PATH, where SUITE is one of ${Object.keys(SUITES).join(', ')}`)
  process.exitCode = EXIT.usage
} else {
  try {
    const result = await suite(path)
    console.log(JSON.stringify(result))
    process.exitCode = result.failed + result.wrong > 0 || result.passed + result.refused === 0 ? EXIT.error : EXIT.ok
  } catch (error) {
    console.error(`${path}: ${error instanceof Error ? error.message : error}`)
    process.exitCode = EXIT.error
  }
}
