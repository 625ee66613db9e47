// Writes docs/schemas and docs/requests.md from src/formats/doors. `--check` writes nothing and fails if one of them is stale.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { answerSchema, challengeSchema, pendingSchema } from '../src/crossings/attestation/credential.ts'
import { knownSchema } from '../src/crossings/attestation/known.ts'
import { referenceSchema } from '../src/crossings/attestation/reference.ts'
import { doorSchemas, type JsonSchema, schemaOf } from '../src/formats/doors/json-schema.ts'
import { DOORS } from '../src/formats/doors/request.ts'
import { bundleSchema } from '../src/formats/evidence/bundle.ts'
import { table } from './markdown.ts'
import { rowsOf } from './schema-rows.ts'

const PAGE = 'docs/requests.md'
const SCHEMAS = 'docs/schemas'
const EXAMPLES = 'docs/examples/doors'
const schemas = doorSchemas()
const [request, decision, bind] = [schemas.get('request')!, schemas.get('decision')!, schemas.get('bind')!]
const gate: JsonSchema = { enum: [...DOORS], description: 'Where it can be stopped.' }
const frame: JsonSchema = { ...bind, properties: { ...bind.properties, gate } }

const page = `<!-- Made by tools/gen-doors.ts from src/formats/doors. Do not edit. -->

# Requests and decisions

One document says what is asked, at every door: admission, exec, file, traffic, port, artifact, evidence, response. Policies in Rego see it as \`input\`. It has the same frame everywhere, so that a rule reads alike wherever it is asked; what a gate adds stands under \`object\`, for admission under \`request\`, as Kubernetes has it. Where Kubernetes, OCI or VEX has a name for something, that is its name here.

[schemas](schemas) has each as JSON Schema (2020-12): \`request\` for all gates together, one for each gate, and \`decision\`. With a schema, a field that is misspelt is an error with its line:

\`\`\`sh
thymus rego check -s docs/schemas/exec.json policy.rego # the schema of input, for all rules
thymus rego check -s docs/schemas docs/examples/doors   # each policy names its own: \`- input: schema.exec\`
\`\`\`

In the tables, \`?\` follows what may be left out, and \`[]\` stands for each of a list. What is left out was not seen, does not exist, or was not asked for; it is never a default. Unknown fields are refused.

Documents are made of admission reviews (\`src/layers/admission/door.ts\`), of what the kernel is asked to execute, connect, accept and bind (\`src/formats/doors/core-documents.ts\`), and of evidence (\`src/crossings/attestation/appraise.ts\`). The other gates are fixed here before their layers are there.

## The frame

${fields(frame, ['apiVersion', 'gate', 'time', 'context'])}

${DOORS.map(gateSection).join('\n\n')}

## Decision

${decision.description}

${fields(decision)}

Refused at a port:

${json('decision-deny')}

Not decided, and so not admitted:

${json('decision-unknown')}

## What they have in common

${definitions()}
`

const files = new Map([[PAGE, page]])
const others = [
  ['evidence-bundle', schemaOf(bundleSchema)],
  ['attestation-reference', schemaOf(referenceSchema)],
  ['known-key', schemaOf(knownSchema)],
  ['credential-challenge', schemaOf(challengeSchema)],
  ['credential-answer', schemaOf(answerSchema)],
  ['pending-credential', schemaOf(pendingSchema)],
] as const
for (const [name, schema] of [...schemas, ...others]) files.set(`${SCHEMAS}/${name}.json`, `${JSON.stringify(schema, undefined, 2)}\n`)
const strangers = globSync(`${SCHEMAS}/*`).filter((file) => !files.has(file))
const stale = [...files].filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)

if (!process.argv.includes('--check')) {
  mkdirSync(SCHEMAS, { recursive: true })
  for (const file of strangers) rmSync(file)
  for (const [file, text] of stale) writeFileSync(file, text)
} else if (strangers.length + stale.length > 0) {
  for (const file of [...strangers, ...stale.map(([name]) => name)]) console.error(`${file} is stale: run bin/node tools/gen-doors.ts`)
  process.exitCode = 1
}

function gateSection(gate: string): string {
  const schema = schemas.get(gate)!
  const rego = readFileSync(`${EXAMPLES}/${gate}.rego`, 'utf8').trimEnd()
  return `## ${gate}

${schema.description}

${fields(schema, ['subject', 'object', 'request'])}

A policy, and a request:

\`\`\`rego
${rego}
\`\`\`

${json(gate)}`
}

/** Of all properties, or those that are named. */
function fields(schema: JsonSchema, names?: readonly string[]): string {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => names?.includes(name))
  const rows = rowsOf(names === undefined ? schema : { ...schema, properties: Object.fromEntries(properties) })
  return table(['field', 'type', 'meaning'], rows)
}

function json(name: string): string {
  return `\`\`\`json\n${readFileSync(`${EXAMPLES}/${name}.json`, 'utf8').trimEnd()}\n\`\`\``
}

function definitions(): string {
  const shared = { ...request.$defs, ...decision.$defs } as Record<string, JsonSchema>
  return Object.entries(shared)
    .map(([name, schema]) => `### ${name}\n\n${schema.description}\n\n${fields(schema)}`)
    .join('\n\n')
}
