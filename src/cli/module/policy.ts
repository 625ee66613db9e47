// `thymus module policy`: what user space has verified, for a kernel that compares digests.
import { release } from 'node:os'
import { modulesBelow } from '../../adapters/linux/modules/files.ts'
import { ThymusError } from '../../core/errors.ts'
import { note } from '../terminal.ts'
import { judgeModules, type KeyFlags, readKeys } from './judged.ts'

interface PolicyFlags extends KeyFlags {
  readonly name: string
  readonly folder?: string
}

/** A NodePolicy on stdout that allows the modules whose signature is good, by the digest of their files, and denies all others. */
export async function policy({ name, folder = `/lib/modules/${release()}`, ...keys }: PolicyFlags): Promise<undefined> {
  if (keys.key === undefined) throw new ThymusError('USAGE', '--key is needed: whose modules?')
  const { items } = judgeModules(modulesBelow(folder), readKeys(keys))
  const signed = items.filter(({ signature }) => signature === 'signed')
  const head = { apiVersion: 'thymus.dev/v1', kind: 'NodePolicy', metadata: { name } }
  // JSON is YAML; one rule a line, so that two of these can be compared.
  const rules = signed.map(({ sha256 }) => `      ${JSON.stringify({ effect: 'allow', sha256 })}`)
  process.stdout.write(`${JSON.stringify(head).slice(0, -1)},"spec":{"modules":{"default":"deny","rules":[\n${rules.join(',\n')}\n]}}}\n`)
  note(`${signed.length} of ${items.length} modules are signed by these keys; nothing is in force before thymus apply --enforce`)
}
