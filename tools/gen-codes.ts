// Writes docs/codes.md from the tables in src/core. `--check` writes nothing and fails if the page is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { CheckTable } from '../src/core/appraisal.ts'
import { CODES, EXIT } from '../src/core/errors.ts'
import { FINDING_CODES } from '../src/core/finding.ts'
import { ATTEST_CHECKS } from '../src/crossings/attestation/checks.ts'
import { BOOT_CHECKS } from '../src/layers/firmware/boot/checks.ts'
import { IMA_CHECKS } from '../src/layers/firmware/ima/checks.ts'
import { RUN_CHECKS } from '../src/layers/firmware/measured-run/verify.ts'
import { MODULE_CHECKS } from '../src/layers/firmware/modules/checks.ts'
import { REFERENCE_CHECKS } from '../src/layers/firmware/reference/checks.ts'
import { IMAGE_CHECKS } from '../src/layers/firmware/secure-boot/image.ts'
import { LOG_CHECKS } from '../src/layers/firmware/tcg-log/registers.ts'
import { AZURE_CHECKS } from '../src/layers/hardware/azure/hcl-report.ts'
import { DCAP_CHECKS } from '../src/layers/hardware/dcap/checks.ts'
import { SGX_CHECKS } from '../src/layers/hardware/sgx/checks.ts'
import { SNP_CHECKS } from '../src/layers/hardware/snp/checks.ts'
import { TPM_CHECKS } from '../src/layers/hardware/tpm/checks.ts'
import { table } from './markdown.ts'

const OUT = 'docs/codes.md'
/** Checks of the layers that appraise evidence. */
const CHECKS: readonly CheckTable[] = [
  ATTEST_CHECKS,
  AZURE_CHECKS,
  BOOT_CHECKS,
  DCAP_CHECKS,
  IMAGE_CHECKS,
  IMA_CHECKS,
  LOG_CHECKS,
  MODULE_CHECKS,
  REFERENCE_CHECKS,
  RUN_CHECKS,
  SGX_CHECKS,
  SNP_CHECKS,
  TPM_CHECKS,
]
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

const page = `<!-- Made by tools/gen-codes.ts from src/core. Do not edit. -->

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
  CHECKS.flatMap((checks) => Object.entries(checks)).map(([code, { title, clause }]) => [`\`${code}\``, title, clause]),
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
