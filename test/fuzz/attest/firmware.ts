// What measured boot has to read that others wrote: event logs, signature lists, PE images with their signatures, and recorded boots.

import { readSignedData } from '../../../src/formats/cms/signed-data.ts'
import { signatureFault } from '../../../src/formats/cms/verify.ts'
import { GUID } from '../../../src/formats/efi/guid.ts'
import { type EfiSignature, readSignatureLists } from '../../../src/formats/efi/signature-list.ts'
import { imageDigest, readImage } from '../../../src/formats/pe/image.ts'
import { readCertificate } from '../../../src/formats/x509/certificate.ts'
import { checkBoot } from '../../../src/layers/firmware/boot/checks.ts'
import { bootOf } from '../../../src/layers/firmware/boot/images.ts'
import { narrative } from '../../../src/layers/firmware/boot/narrative.ts'
import { compareBoot } from '../../../src/layers/firmware/reference/checks.ts'
import { type BootReference, readReference, recordBoot } from '../../../src/layers/firmware/reference/reference.ts'
import { allowUpdate } from '../../../src/layers/firmware/reference/update.ts'
import { verifyImage } from '../../../src/layers/firmware/secure-boot/image.ts'
import { signatureName } from '../../../src/layers/firmware/secure-boot/signature-name.ts'
import { readCcelTable } from '../../../src/layers/firmware/tcg-log/ccel-table.ts'
import { parseEventLog } from '../../../src/layers/firmware/tcg-log/event-log.ts'
import { checkRegisters } from '../../../src/layers/firmware/tcg-log/registers.ts'
import { replay } from '../../../src/layers/firmware/tcg-log/replay.ts'
import { certificate, commonName, isCa, newPair } from '../../kit/certificates.ts'
import { eventLog, linuxBoot, oldEvent, signatureList } from '../../kit/event-log.ts'
import { peImage, signImage } from '../../kit/pe-image.ts'
import { signedData } from '../../kit/signed-data.ts'
import { type ByteTarget, json, notPassing } from '../bytes.ts'

interface Made {
  readonly ca: Buffer
  readonly signer: Buffer
  readonly log: Buffer
  readonly reference: BootReference
  readonly image: Buffer
  readonly cms: Buffer
  readonly db: readonly EfiSignature[]
}

const CONTENT = Buffer.from('a module')
let made: Made | undefined
/** Keys take their time, so they are made once, when they are needed. */
function kept(): Made {
  if (made !== undefined) return made
  const [caKey, signerKey] = [newPair(), newPair()]
  const ca = certificate({ subject: 'CA', key: caKey, extensions: [isCa()] })
  const signer = certificate({ subject: 'Signer', key: signerKey, issuer: { subject: 'CA', key: caKey } })
  const log = eventLog(linuxBoot({ db: [ca] }))
  const bare = peImage({ sections: { '.text': Buffer.from('code'), '.sbat': Buffer.from('sbat,1,SBAT Version,sbat,1,x\n') } })
  const request = { key: signerKey, by: { issuer: commonName('CA') }, certificates: [signer, ca] }
  const image = signImage(bare, imageDigest(readImage(bare), 'sha256'), request)
  const cms = signedData({ ...request, content: CONTENT, attributes: true })
  const db = readSignatureLists(signatureList(GUID.certX509, ca))
  made = { ca, signer, log, reference: recordBoot(parseEventLog(log), 'sha256'), image, cms, db }
  return made
}

function readLog(bytes: Buffer, registers: 'pcr' | 'cc'): string {
  const log = parseEventLog(bytes, registers)
  const checks = log.banks.flatMap((bank) => checkRegisters(log, bank, replay(log, bank)))
  const boot = bootOf(log, log.banks[0] ?? 'sha256')
  checks.push(...checkBoot(boot, { minSbat: 1 }))
  if (/[\p{Cc}\p{Cf}]/u.test(narrative(boot).join(''))) throw new Error('a step of a boot can move the cursor')
  const { registers: differing, words } = compareBoot(kept().reference, log)
  if (/[\p{Cc}\p{Cf}]/u.test(words.map(({ text }) => text).join(''))) throw new Error('a difference can move the cursor')
  // What replays alike must be told alike.
  const [own, found] = [replay(parseEventLog(kept().log), 'sha256'), replay(log, 'sha256')]
  const same = [...own].every(([register, value]) => found.get(register)?.equals(value)) && own.size === found.size
  if (same !== (differing.length === 0)) throw new Error('the comparison does not say what the registers say')
  return notPassing(checks)
}

export const firmware: Readonly<Record<string, ByteTarget>> = {
  log: { seeds: () => [kept().log, Buffer.concat([kept().log, Buffer.alloc(500, 0xff)])], read: (bytes) => readLog(bytes, 'pcr') },
  oldLog: { seeds: () => [Buffer.concat(linuxBoot().map(oldEvent))], read: (bytes) => readLog(bytes, 'pcr') },
  guestLog: {
    seeds: () => [
      eventLog(
        linuxBoot().map((event) => ({ ...event, register: 1 + (event.register % 4) })),
        ['sha384'],
      ),
    ],
    read: (bytes) => readLog(bytes, 'cc'),
  },
  table: { seeds: () => [Buffer.concat([Buffer.from('CCEL8\0\0\0'), Buffer.alloc(48)])], read: (bytes) => void readCcelTable(bytes) },
  signatureLists: {
    seeds: () => [
      Buffer.concat([signatureList(GUID.certX509, kept().ca), signatureList(GUID.certSha256, Buffer.alloc(32), Buffer.alloc(32, 1))]),
    ],
    read: (bytes) => void readSignatureLists(bytes).map(signatureName),
  },
  signedData: {
    seeds: () => [kept().cms],
    read: (bytes) => {
      const data = readSignedData(bytes)
      const { publicKey } = readCertificate(kept().signer)
      for (const signer of data.signers) {
        const fault = signatureFault(data, signer, publicKey, CONTENT)
        if (fault === undefined && data.content !== undefined && !data.content.equals(CONTENT))
          throw new Error('other content was verified')
      }
    },
  },
  image: {
    seeds: () => [kept().image],
    read: (bytes) => {
      const checks = verifyImage(bytes, { db: kept().db, dbx: [], sbatLevel: [{ component: 'sbat', generation: 1 }] })
      const passed = checks.every(({ verdict }) => verdict.is === 'pass')
      if (passed && !imageDigest(readImage(bytes), 'sha256').equals(imageDigest(readImage(kept().image), 'sha256'))) {
        throw new Error('another image was verified')
      }
      allowUpdate(kept().reference, { name: 'update', images: { 'the kernel': bytes, 'the unified kernel image': bytes } })
      return notPassing(checks)
    },
  },
  reference: {
    seeds: () => [Buffer.from(JSON.stringify(kept().reference))],
    read: (bytes) => void compareBoot(readReference(json(bytes)), parseEventLog(kept().log)),
  },
}
