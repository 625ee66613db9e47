import { hash, sign } from 'node:crypto'
import { ByteReader } from '../../../src/formats/bytes.ts'
import { debData, debFiles } from '../../../src/formats/deb.ts'
import { readEnvelope } from '../../../src/formats/dsse.ts'
import { GUID } from '../../../src/formats/efi/guid.ts'
import { rpmFiles } from '../../../src/formats/rpm/files.ts'
import { readRpmHeader } from '../../../src/formats/rpm/header.ts'
import { ndbHeaders } from '../../../src/formats/rpm/ndb.ts'
import { readRpmPackage } from '../../../src/formats/rpm/package.ts'
import { readAsciiList } from '../../../src/layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../../src/layers/firmware/ima/binary.ts'
import type { ImaList } from '../../../src/layers/firmware/ima/list.ts'
import {
  EMPTY,
  policyFromAllowlist,
  policyFromLog,
  readKeylimePolicy,
  writeKeylimePolicy,
} from '../../../src/layers/firmware/ima/policy.ts'
import { replay } from '../../../src/layers/firmware/ima/replay.ts'
import { fileKeyOf, readFileSignature } from '../../../src/layers/firmware/ima/signature.ts'
import { validate } from '../../../src/layers/firmware/ima/validate.ts'
import { RUN_PCR, readRuns, recordOf } from '../../../src/layers/firmware/measured-run/record.ts'
import { checkPrograms, verifyRuns } from '../../../src/layers/firmware/measured-run/verify.ts'
import { readKernelModule } from '../../../src/layers/firmware/modules/appended.ts'
import { readRevoked } from '../../../src/layers/firmware/modules/revoked.ts'
import { verifyModule } from '../../../src/layers/firmware/modules/verify.ts'
import { certificate, commonName, newPair } from '../../kit/certificates.ts'
import { deb } from '../../kit/deb.ts'
import { signatureList } from '../../kit/event-log.ts'
import { imaLists, type LoggedFile } from '../../kit/ima-log.ts'
import { appended } from '../../kit/kernel-module.ts'
import { ndb, type RpmFileMade, rpmHeader, rpmPackage, rpmTags } from '../../kit/rpm.ts'
import { signedData } from '../../kit/signed-data.ts'
import { makeTar } from '../../kit/tar.ts'
import { type ByteTarget, notPassing } from '../bytes.ts'

const SIGNER = newPair()
const CERTIFICATE = certificate({ subject: 'a signer of files', key: SIGNER })
/** A signature by a key that is known; what it is over is right for the content "env" alone. */
const signatureOf = (type: number, version = 2) => {
  const bytes = sign('sha256', Buffer.from('env'), SIGNER.privateKey)
  const head = Buffer.from([type, version, 4, 0, 0, 0, 0, 0, bytes.length])
  head.writeUInt32BE(fileKeyOf(CERTIFICATE).id, 3)
  return Buffer.concat([head, bytes])
}
const SIGNATURE = Buffer.from('030204aabbccdd0002beef', 'hex')
const XATTRS = [
  ['security.selinux', Buffer.from('bin_t\0')],
  ['security.ima', Buffer.concat([Buffer.of(4, 4), hash('sha256', 'env', 'buffer')])],
] as const

function files(): readonly LoggedFile[] {
  return [
    { name: 'boot_aggregate', content: 'the boot' },
    { name: '/usr/bin/env', content: 'env', template: 'ima-sig', signature: SIGNATURE },
    { name: '/usr/bin/other', content: 'env', template: 'ima-sig', signature: signatureOf(3) },
    {
      name: '/usr/bin/evm',
      content: 'env',
      template: 'evm-sig',
      signature: signatureOf(5),
      attributes: { xattrs: XATTRS, uid: 0, gid: 0, mode: 0o100755 },
    },
    { name: 'dm_table_load', content: 'dm_version=4.45.0;name=root,uuid=a\\,b;', template: 'ima-buf' },
    { name: '.ima', content: certificate({ subject: 'a key', key: newPair() }), template: 'ima-buf' },
    { name: '/lib/verity.so', content: 'tree', template: 'ima-sigv2', verity: true },
    { name: '/etc/old', content: 'old', template: 'ima' },
    { name: '/var/log/x', content: '', violation: true },
  ]
}

/** A list of one entry each besides, so that damage is not spread thin. */
const lists = (which: 'ascii' | 'binary') => () => [imaLists(files())[which], ...files().map((file) => imaLists([file])[which])]

const TRUSTING = { ...EMPTY, keys: [fileKeyOf(CERTIFICATE)] }

function judged(list: ImaList): string {
  replay(list, 'sha256', 'own')
  policyFromLog(list.entries)
  return notPassing(validate(list.entries, TRUSTING))
}

function module(): Buffer {
  const content = Buffer.from('\x7fELF')
  return appended(content, signedData({ key: newPair(), by: { issuer: commonName('a signer') }, content }))
}

/** Without keys, and with one. */
const policies = () =>
  [EMPTY, TRUSTING].map(({ keys }) =>
    Buffer.from(writeKeylimePolicy({ ...policyFromLog(readAsciiList(imaLists(files()).ascii).entries), keys }, new Date(0))),
  )

const run = { path: '/usr/bin/db', digest: 'ab'.repeat(32), arguments: ['--port', '5432'] }
const runs = () => [RUN_PCR, 14].map((pcr) => Buffer.from(recordOf(run, pcr, ['sha1', 'sha256']).line.repeat(2)))

function readRunsOf(text: string): void {
  const quoted = { bank: 'sha256', values: new Map([[RUN_PCR, Buffer.alloc(32)]]) } as const
  checkPrograms(verifyRuns(readRuns(text), quoted).attested, EMPTY)
}

/** A certificate, names of hashes, and what a firmware forbids. */
const revoked = (): readonly Buffer[] => [
  certificate({ subject: 's', key: newPair() }),
  Buffer.from(`tbs:${'ab'.repeat(32)}\nbin:${'cd'.repeat(48)}\n`),
  Buffer.concat([
    Buffer.of(0x27, 0, 0, 0),
    signatureList(GUID.certX509Sha256, Buffer.alloc(48)),
    signatureList(GUID.certSha256, Buffer.alloc(32)),
  ]),
]

/** A content with its digest: one that does not fit would hide what is behind it. */
const recordWith = (content: string) =>
  JSON.stringify({
    pcr: RUN_PCR,
    digests: [{ hashAlg: 'sha256', digest: hash('sha256', content) }],
    content_type: 'thymus-run',
    content,
  })

const PACKAGED: readonly RpmFileMade[] = [
  { path: '/usr/bin/tiny', content: 'tiny', signature: SIGNATURE },
  { path: '/etc/tiny', mode: 0o40755 },
  { path: '/etc/tiny/ü', content: 'settings', flags: 1 },
]
const PACKED = makeTar([
  { name: './', type: '5' },
  { name: 'x', type: 'L', content: './usr/bin/tiny\0' },
  { name: './cut', content: 'tiny' },
  { name: './usr/bin/same', type: '1', link: './usr/bin/tiny' },
])
const readHeader = (bytes: Buffer) => void rpmFiles({ header: readRpmHeader(new ByteReader(bytes, 'big')) })

/** Lists of the kernel, of measured programs and of packages, policies, signatures of files and modules. */
export const ima: Readonly<Record<string, ByteTarget>> = {
  ascii: { seeds: lists('ascii'), read: (bytes) => judged(readAsciiList(bytes)) },
  binary: { seeds: lists('binary'), read: (bytes) => judged(readBinaryList(bytes)) },
  signature: { seeds: () => [SIGNATURE, signatureOf(5), signatureOf(6, 3)], read: readFileSignature },
  module: { seeds: () => [module()], read: (bytes) => Object.values(verifyModule(readKernelModule(bytes), { trusted: [] })).join(' ') },
  revoked: { seeds: revoked, read: readRevoked },
  runs: { seeds: runs, read: (bytes) => readRunsOf(bytes.toString()) },
  run: {
    seeds: () => runs().map((bytes) => Buffer.from(JSON.parse(bytes.toString().split('\n')[0]!).content)),
    read: (bytes) => readRunsOf(recordWith(bytes.toString())),
  },
  policy: { seeds: policies, read: (bytes) => void readKeylimePolicy(bytes.toString()) },
  allowlist: {
    seeds: () => [Buffer.from(`${'ab'.repeat(32)}  /usr/bin/env\n`)],
    read: (bytes) => void policyFromAllowlist(bytes.toString()),
  },
  rpm: { seeds: () => [rpmPackage(PACKAGED)], read: (bytes) => void rpmFiles(readRpmPackage(bytes)) },
  deb: { seeds: () => [deb(PACKED), deb(PACKED, 'data.tar.xz')], read: (bytes) => void debFiles(debData(bytes)) },
  'rpm-header': { seeds: () => [rpmHeader(rpmTags(PACKAGED)), rpmHeader(rpmTags([]))], read: readHeader },
  ndb: {
    seeds: () => [ndb([rpmHeader(rpmTags(PACKAGED)), rpmHeader(rpmTags([]))])],
    read: (bytes) => {
      for (const { blob } of ndbHeaders(bytes)) readHeader(blob)
    },
  },
  envelope: {
    seeds: () => [Buffer.from('{"payload":"e30=","payloadType":"t","signatures":[{"keyid":"k","sig":"AA=="}]}')],
    read: (bytes) => void readEnvelope(bytes.toString()),
  },
}
