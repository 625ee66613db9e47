// Package files of RPM: a lead, a header of signatures, the header, and the files, packed, which are not read (rpm, docs/manual/format_v4.md).
import { hash } from 'node:crypto'
import { ByteReader } from '../bytes.ts'
import { type RpmHeader, readRpmHeader } from './header.ts'

export interface RpmPackage {
  readonly header: RpmHeader
  /** Beside it: digests and signatures of the header, and signatures of files. */
  readonly signatures: RpmHeader
}

export const RPM_MAGIC = Buffer.from('edabeedb', 'hex')
const HEADER_MAGIC = Buffer.from('8eade80100000000', 'hex')
const LEAD_SIZE = 96
/** The header of signatures is filled up to a multiple of these. */
const ALIGNED = 8

/**
 * The headers of a package file. The SHA-256 of the header must be right where the package states one: that finds damage, and no forgery.
 * @param bytes of the file, or of its beginning: what is behind the header is not looked at
 * @throws ThymusError FORMAT
 */
export function readRpmPackage(bytes: Uint8Array): RpmPackage {
  const reader = new ByteReader(bytes, 'big')
  if (!reader.bytes(RPM_MAGIC.length, 'lead').equals(RPM_MAGIC)) reader.fail('lead', 'no package of RPM')
  reader.bytes(LEAD_SIZE - reader.at, 'lead')
  const signatures = readWithMagic(reader)
  reader.bytes(-reader.at & (ALIGNED - 1), 'padding')
  const start = reader.at
  const header = readWithMagic(reader)
  const stated = signatures.text('SHA256HEADER')
  if (stated !== undefined && stated !== hash('sha256', bytes.subarray(start, reader.at)))
    reader.fail('header', 'damaged: it does not have the SHA-256 that the package states')
  return { header, signatures }
}

function readWithMagic(reader: ByteReader): RpmHeader {
  if (!reader.bytes(HEADER_MAGIC.length, 'header magic').equals(HEADER_MAGIC)) reader.fail('header magic', 'no header')
  return readRpmHeader(reader)
}
