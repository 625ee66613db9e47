import { ThymusError } from '../../core/errors.ts'
import { type Reference, readReference } from '../../crossings/attestation/reference.ts'
import { type BootReference, settled } from '../../layers/firmware/reference/reference.ts'
import { allowUpdate, type Update } from '../../layers/firmware/reference/update.ts'
import { MAX_IMAGE, readInput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { readDocument } from './json.ts'

type Pair = readonly [name: string, value: string]

export interface AllowFlags extends OutputFlags {
  readonly name: string
  readonly shim?: string
  readonly grub?: string
  readonly kernel?: string
  readonly uki?: string
  readonly initrd?: string
  readonly file?: readonly Pair[]
  readonly variable?: readonly Pair[]
  readonly word?: readonly Pair[]
}

/** What boot loaders measure images as. */
const IMAGES = { shim: 'shim', grub: 'GRUB', kernel: 'the kernel', uki: 'the unified kernel image' } as const

export async function allow(flags: AllowFlags, file: string): Promise<undefined> {
  const output = await openOutput('AttestationReference', flags)
  const update = updateOf(flags)
  output.show(changed(file, (boot) => allowUpdate(boot, update), 'no measurement of it is of what the update brings'))
}

export async function settle(flags: OutputFlags & { readonly name: string }, file: string): Promise<undefined> {
  const output = await openOutput('AttestationReference', flags)
  output.show(changed(file, (boot) => settled(boot, flags.name), `nothing in it was brought by ${flags.name}`))
}

function updateOf({ name, initrd, file = [], variable = [], word = [], ...flags }: AllowFlags): Update {
  const given = Object.entries(IMAGES).flatMap(([flag, subject]) => {
    const path = flags[flag as keyof typeof IMAGES]
    return path === undefined ? [] : [[subject, readInput(path, MAX_IMAGE)] as const]
  })
  // GRUB measures the kernel twice: as the file that it reads, and as the image that it starts.
  const kernel = flags.kernel === undefined ? [] : [['vmlinuz', flags.kernel] as const]
  const read = (pairs: readonly Pair[]) => Object.fromEntries(pairs.map(([key, path]) => [key, readInput(path, MAX_IMAGE)]))
  return {
    name,
    images: Object.fromEntries(given),
    files: read([...kernel, ...file]),
    variables: read(variable),
    words: Object.fromEntries(word),
    ...(initrd !== undefined && { initrd: readInput(initrd, MAX_IMAGE) }),
  }
}

/** @throws ThymusError REFERENCE where nothing changes: the update would be believed to be allowed, and is not */
function changed(file: string, change: (boot: BootReference) => BootReference, nothing: string): Reference {
  const reference = readDocument(file, 'REFERENCE', readReference)
  const { boots = [] } = reference
  const after = boots.map(change)
  if (JSON.stringify(after) === JSON.stringify(boots)) throw new ThymusError('REFERENCE', nothing, { at: file })
  return { ...reference, boots: after }
}
