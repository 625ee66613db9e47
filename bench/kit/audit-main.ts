// An audit in a process of its own, so that its memory is its own. Usage: audit-main.ts POLICIES FOLDER. Every object of the files in FOLDER
// is made known, then asked about, as `gator test` does it. Prints an Audited as JSON.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readGatorDocuments } from '../../src/formats/kubernetes/manifest.ts'
import type { KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import { questionOf } from '../../src/layers/admission/gatekeeper/question.ts'
import { libraryOf, readPolicies } from './templates.ts'

export interface Audited {
  readonly objects: number
  readonly violations: number
  /** Seconds to read the templates, to read the files, to review. */
  readonly policies: number
  readonly reading: number
  readonly reviewing: number
  /** Bytes, at most. */
  readonly memory: number
}

const [policies, folder] = process.argv.slice(2) as [string, string]
const begun = performance.now()
const library = libraryOf(readPolicies(policies))
const compiled = performance.now()
const objects = readdirSync(folder).flatMap((file) =>
  readGatorDocuments(readFileSync(join(folder, file), 'utf8'), file).map(({ object }) => object as KubernetesObject),
)
for (const object of objects) library.addData(object)
const read = performance.now()
let violations = 0
for (const object of objects) violations += library.review(questionOf(object, 'Original'), 'gator.gatekeeper.sh').length
const reviewed = performance.now()
const audited: Audited = {
  objects: objects.length,
  violations,
  policies: (compiled - begun) / 1000,
  reading: (read - compiled) / 1000,
  reviewing: (reviewed - read) / 1000,
  memory: process.resourceUsage().maxRSS * 1024,
}
console.log(JSON.stringify(audited))
