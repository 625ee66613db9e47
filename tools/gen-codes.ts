// Writes docs/codes.md from the tables of codes in src. `--check` writes nothing and fails if the page is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { CHECKS } from '../src/cli/codes.ts'
import { CODES, EXIT } from '../src/core/errors.ts'
import { FINDING_CODES } from '../src/core/finding.ts'
import { table } from './markdown.ts'

const OUT = 'docs/codes.md'
/** What each exit status means; that none is missing is seen to by the type. */
const MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  error: 'It could not be done; the message says why.',
  findings: 'There are findings at or over `--fail-on`.',
  unknown: 'A check that was required could not be determined.',
  usage: 'The command line is not one that Thymus takes.',
  privilege: 'A privilege is missing.',
  interrupted: 'Interrupted.',
}

const page = `<!-- Made by tools/gen-codes.ts from the tables of codes in src. Do not edit. -->

# Codes

A code is stable: it is never given another meaning.

## Findings

What Thymus says of the world. \`thymus explain ID\` shows what one stands on.

${table(
  ['code', 'layer', 'meaning'],
  Object.entries(FINDING_CODES).map(([code, { layer, text }]) => [`\`${code}\``, layer, text]),
)}

## Checks

What evidence is held to. \`thymus attest explain\` shows those of one appraisal.

${table(
  ['code', 'what is looked at', 'clause'],
  Object.entries(CHECKS).map(([code, { title, clause }]) => [`\`${code}\``, title, clause]),
)}

## Errors

What Thymus says of itself, and of what it is asked to do.

${table(
  ['code', 'meaning'],
  Object.entries(CODES).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}

## Exit status

${table(
  ['status', 'meaning'],
  Object.entries(EXIT).map(([name, status]) => [`${status}`, MEANING[name as keyof typeof EXIT]]),
)}
`
if (!process.argv.includes('--check')) writeFileSync(OUT, page)
else if (!existsSync(OUT) || readFileSync(OUT, 'utf8') !== page) {
  console.error(`${OUT} is stale: run bin/node tools/gen-codes.ts`)
  process.exitCode = 1
}
