// `thymus tee collateral`: what vendors publish, kept in the state folder for machines that cannot ask them. Files are as they were given, named
// by their content; what they say is read anew each time.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, ThymusError, within } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { held, type Piece, readPieces } from '../../layers/hardware/collateral/piece.ts'
import { attempt, readWhole, writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'
import { note } from '../terminal.ts'
import type { CollateralList } from '../views/tee.ts'

/** All of a vendor's chains, or a platform's documents, are below 100 KiB. */
const MAX_FILE = MIB
const MAX_FILES = 10_000

export async function add(flags: OutputFlags, ...paths: readonly string[]): Promise<undefined> {
  const output = await openOutput('CollateralList', flags)
  const files = paths.map((path) => ({ path, bytes: readWhole(path, MAX_FILE) }))
  const read = files.map(({ path, bytes }) => ({ bytes, pieces: piecesOf(path, bytes) }))
  const folder = folderOf()
  attempt('USAGE', folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
  const now = Date.now()
  const items = read.flatMap(({ bytes, pieces }) => {
    const file = createHash('sha256').update(bytes).digest('hex')
    writeOutput(join(folder, file), bytes, { isPrivate: true, over: true })
    return pieces.map((piece) => ({ ...held(piece, now), file }))
  })
  output.show({ items } satisfies CollateralList)
}

/** Exit status 3 where nothing is held, or something has ended. */
export async function list(flags: OutputFlags): Promise<number> {
  const output = await openOutput('CollateralList', flags)
  const now = Date.now()
  const items = heldHere().map(({ piece, file }) => ({ ...held(piece, now), file }))
  output.show({ items: items.toSorted((one, other) => (one.until ?? 0) - (other.until ?? 0)) } satisfies CollateralList)
  return items.length === 0 || items.some(({ state }) => state !== 'current') ? EXIT.unknown : EXIT.ok
}

/** Every piece that is held on this machine; files that cannot be read are said and passed over. */
export function heldHere(): readonly { readonly piece: Piece; readonly file: string }[] {
  const folder = folderOf()
  // What is still being written has a name with a dot.
  const names = attempt('USAGE', folder, () => namesIn(folder)).filter((name) => !name.includes('.'))
  return names.slice(0, MAX_FILES).flatMap((file) => {
    try {
      return piecesOf(join(folder, file), readWhole(join(folder, file), MAX_FILE)).map((piece) => ({ piece, file }))
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
      note(`${join(folder, file)} is passed over: ${error.message}`)
      return []
    }
  })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const folderOf = () => join(here().at.state, 'collateral')

const piecesOf = (path: string, bytes: Buffer): readonly Piece[] => within(path, () => readPieces(bytes))
