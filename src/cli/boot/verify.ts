// `thymus boot verify`: images held to lists that are named, or to those of this machine's firmware.
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Appraisal, appraisal } from '../../core/appraisal.ts'
import { EXIT, ThymusError, within } from '../../core/errors.ts'
import { together } from '../../core/verdict.ts'
import { GUID } from '../../formats/efi/guid.ts'
import { type EfiSignature, readSignatureLists, withoutAttributes } from '../../formats/efi/signature-list.ts'
import { readAllPem } from '../../formats/pem.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { type ImageTrust, verifyImage } from '../../layers/firmware/secure-boot/image.ts'
import { readSbatLevel } from '../../layers/firmware/secure-boot/sbat.ts'
import { MAX_IMAGE, readInput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'

export interface ImageList {
  readonly items: readonly Appraisal[]
}

interface TrustFlags {
  readonly db?: readonly string[]
  readonly dbx?: readonly string[]
  readonly sbat?: string
}

const EFIVARS = '/sys/firmware/efi/efivars'
/** The copy of its level that shim shows to the system. */
const LEVEL = `${EFIVARS}/SbatLevelRT-${GUID.shimLock}`
const SEQUENCE = 0x30

export async function verify(flags: OutputFlags & TrustFlags, ...paths: string[]): Promise<number> {
  const output = await openOutput('ImageList', flags)
  const trust = readTrust(flags)
  const items = paths.map((path) => {
    const bytes = readInput(path, MAX_IMAGE)
    return appraisal(path, verifyImage(bytes, trust), [`sha256:${hash('sha256', bytes)}`])
  })
  output.show({ items } satisfies ImageList)
  const { is } = together(items.map(({ verdict }) => verdict))
  return is === 'pass' ? EXIT.ok : is === 'fail' ? EXIT.findings : EXIT.unknown
}

function readTrust({ db, dbx, sbat = existsSync(LEVEL) ? LEVEL : undefined }: TrustFlags): ImageTrust {
  return {
    db: readLists('db', db),
    dbx: readLists('dbx', dbx),
    ...(sbat !== undefined && {
      sbatLevel: within(sbat, () => readSbatLevel(withoutAttributes(readInput(sbat)).toString('utf8'))),
    }),
  }
}

/** What is forbidden is not guessed: a machine without dbx, or that shows none, is told to name it. */
function readLists(name: 'db' | 'dbx', files: readonly string[] | undefined): readonly EfiSignature[] {
  const own = `${EFIVARS}/${name}-${GUID.imageSecurityDatabase}`
  if (files === undefined && !existsSync(own))
    throw new ThymusError('USAGE', `this machine shows no ${name}: name a file`, { at: `--${name}` })
  return (files ?? [own]).flatMap((file) => within(file, () => readList(readInput(file))))
}

/** @throws ThymusError FORMAT */
function readList(bytes: Buffer): readonly EfiSignature[] {
  const blocks = readAllPem(bytes.toString('latin1')).filter(({ label }) => label === 'CERTIFICATE')
  if (blocks.length > 0) return blocks.map((block) => entryOf(block.bytes))
  return bytes[0] === SEQUENCE ? [entryOf(bytes)] : readSignatureLists(withoutAttributes(bytes))
}

/** A certificate as a list has it. Firmware passes over one that it cannot read; whoever names a file means it. */
const entryOf = (der: Buffer): EfiSignature => ({ type: GUID.certX509, owner: Buffer.alloc(16), data: readCertificate(der).raw })
