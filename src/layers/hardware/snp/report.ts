// The attestation report of an SEV-SNP guest: what the AMD Secure Processor says of the guest and of itself.
// Specification: SEV Secure Nested Paging Firmware ABI (AMD 56860, "ABI" below) 1.58, table 23 (ATTESTATION_REPORT) and chapter 10 (signature).
// Reading believes nothing; `verify.ts` says whether the report is genuine.
import { ByteReader } from '../../../formats/bytes.ts'

/** Of a whole report, in bytes. */
export const REPORT_SIZE = 0x4a0
/** What is signed, from the first byte. */
const SIGNED_SIZE = 0x2a0

export type SigningKey = 'VCEK' | 'VLEK' | 'none'

/** Which processor it is: CPUID function 1, with the extended family and model added in. */
export interface Cpuid {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

export interface FirmwareVersion {
  readonly major: number
  readonly minor: number
  readonly build: number
}

/** A report, field by field. A TCB version stays as its 8 bytes: their order depends on the processor (`tcb.ts`). */
export interface SnpReport {
  /** 2 to 5. */
  readonly version: number
  readonly guestSvn: number
  /** What the guest's owner allows (ABI table 10, `flags.ts`). */
  readonly policy: bigint
  readonly familyId: Buffer
  readonly imageId: Buffer
  /** Of who asked for the report; 0 is the most privileged, 0xffffffff says that the host asked. */
  readonly vmpl: number
  readonly currentTcb: Buffer
  /** Flags (`flags.ts`). */
  readonly platformInfo: bigint
  readonly signingKey: SigningKey
  /** The chip's identity was kept out of what is signed, and the report is signed by nobody. */
  readonly maskChipKey: boolean
  /** `authorKeyDigest` says something. */
  readonly authorKeyEnabled: boolean
  /** 64 bytes that the guest chose. */
  readonly reportData: Buffer
  /** SHA-384, the launch digest. */
  readonly measurement: Buffer
  /** 32 bytes that the host chose. */
  readonly hostData: Buffer
  /** SHA-384 of the keys that signed the ID block, zeros without one. */
  readonly idKeyDigest: Buffer
  readonly authorKeyDigest: Buffer
  readonly reportId: Buffer
  /** Of the guest's migration agent; all 0xff without one. */
  readonly reportIdMa: Buffer
  /** The TCB that the signing key was derived for. */
  readonly reportedTcb: Buffer
  /** From version 3 on. */
  readonly cpuid: Cpuid | undefined
  /** 64 bytes; zeros where the host masks it, or where a VLEK signs. From Turin on the first 8 count. */
  readonly chipId: Buffer
  readonly committedTcb: Buffer
  readonly current: FirmwareVersion
  readonly committed: FirmwareVersion
  readonly launchTcb: Buffer
  /** Bit n: the mitigation of vulnerability n was in force. From version 5 on. */
  readonly mitigations: { readonly atLaunch: bigint; readonly now: bigint } | undefined
  readonly signed: Buffer
  /** R and S, 48 bytes each, the most significant first, as IEEE P1363 has them. */
  readonly signature: Buffer
}

const VERSIONS = { first: 2, last: 5, cpuid: 3, mitigations: 5 }
const ECDSA_P384_SHA384 = 1
const SIGNING_KEYS: ReadonlyMap<number, SigningKey> = new Map([
  [0, 'VCEK'],
  [1, 'VLEK'],
  [7, 'none'],
])
/** R and S are written in 72 bytes each, of which P-384 needs 48. */
const [COMPONENT, USED] = [72, 48]
const SIGNATURE_FIELD = 512

/** @throws ThymusError FORMAT, also for reserved bytes that are not zero, and for versions with a layout that is not known */
export function readReport(bytes: Uint8Array): SnpReport {
  const reader = new ByteReader(bytes, 'little')
  const signed = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SIGNED_SIZE))
  const version = reader.u32('VERSION')
  if (version < VERSIONS.first || version > VERSIONS.last) reader.fail('VERSION', `version ${version} is not known`)
  const head = {
    ...{ version, guestSvn: reader.u32('GUEST_SVN'), policy: reader.u64('POLICY') },
    ...{ familyId: reader.bytes(16, 'FAMILY_ID'), imageId: reader.bytes(16, 'IMAGE_ID'), vmpl: reader.u32('VMPL') },
  }
  const algorithm = reader.u32('SIGNATURE_ALGO')
  if (algorithm !== ECDSA_P384_SHA384) reader.fail('SIGNATURE_ALGO', `algorithm ${algorithm} is not ECDSA P-384 with SHA-384`)
  const platform = { currentTcb: reader.bytes(8, 'CURRENT_TCB'), platformInfo: reader.u64('PLATFORM_INFO'), ...readKeyInfo(reader) }
  reader.reserved(4, 'reserved at 0x4C')
  const identity = {
    reportData: reader.bytes(64, 'REPORT_DATA'),
    measurement: reader.bytes(48, 'MEASUREMENT'),
    hostData: reader.bytes(32, 'HOST_DATA'),
    idKeyDigest: reader.bytes(48, 'ID_KEY_DIGEST'),
    authorKeyDigest: reader.bytes(48, 'AUTHOR_KEY_DIGEST'),
    reportId: reader.bytes(32, 'REPORT_ID'),
    reportIdMa: reader.bytes(32, 'REPORT_ID_MA'),
    reportedTcb: reader.bytes(8, 'REPORTED_TCB'),
    cpuid: readCpuid(reader, version),
    chipId: reader.bytes(64, 'CHIP_ID'),
  }
  const firmware = {
    committedTcb: reader.bytes(8, 'COMMITTED_TCB'),
    current: readFirmwareVersion(reader, 'CURRENT'),
    committed: readFirmwareVersion(reader, 'COMMITTED'),
    launchTcb: reader.bytes(8, 'LAUNCH_TCB'),
    mitigations:
      version < VERSIONS.mitigations ? undefined : { atLaunch: reader.u64('LAUNCH_MIT_VECTOR'), now: reader.u64('CURRENT_MIT_VECTOR') },
  }
  reader.reserved(SIGNED_SIZE - reader.at, 'reserved before SIGNATURE')
  const signature = Buffer.concat([readComponent(reader, 'R'), readComponent(reader, 'S')])
  reader.reserved(SIGNATURE_FIELD - 2 * COMPONENT, 'reserved after S')
  reader.finish('SIGNATURE')
  return { ...head, ...platform, ...identity, ...firmware, signed, signature }
}

function readKeyInfo(reader: ByteReader): Pick<SnpReport, 'signingKey' | 'maskChipKey' | 'authorKeyEnabled'> {
  const flags = reader.u32('KEY_INFO')
  const signingKey = SIGNING_KEYS.get((flags >> 2) & 7)
  if (signingKey === undefined || flags >>> 5 !== 0)
    reader.fail('KEY_INFO', `0x${flags.toString(16)} has reserved bits, or no key that is known`)
  return { signingKey, maskChipKey: (flags & 2) !== 0, authorKeyEnabled: (flags & 1) !== 0 }
}

function readCpuid(reader: ByteReader, version: number): Cpuid | undefined {
  if (version < VERSIONS.cpuid) {
    reader.reserved(24, 'reserved at 0x188')
    return undefined
  }
  const cpuid = { family: reader.u8('CPUID_FAM_ID'), model: reader.u8('CPUID_MOD_ID'), stepping: reader.u8('CPUID_STEP') }
  reader.reserved(21, 'reserved at 0x18B')
  return cpuid
}

function readFirmwareVersion(reader: ByteReader, field: string): FirmwareVersion {
  const [build, minor, major] = [reader.u8(`${field}_BUILD`), reader.u8(`${field}_MINOR`), reader.u8(`${field}_MAJOR`)]
  reader.reserved(1, `reserved after ${field}_MAJOR`)
  return { major, minor, build }
}

/** One half of the signature: least significant byte first, in the report. */
function readComponent(reader: ByteReader, field: string): Buffer {
  const component = Buffer.from(reader.bytes(USED, field)).reverse()
  reader.reserved(COMPONENT - USED, `reserved after ${field}`)
  return component
}
