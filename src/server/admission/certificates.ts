// Where the webhook's certificate comes from: kept in a folder, with an authority of its own, or given as files. Both are looked at again
// from time to time, and change while the server runs.
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { readAllPem } from '../../formats/pem.ts'
import { type Certificate, readCertificate } from '../../formats/x509/certificate.ts'
import { type Authority, issueAuthority, issueLeaf, newKeyPair } from '../../formats/x509/issue.ts'
import { verifyChain } from '../../formats/x509/verify.ts'

export interface Credentials {
  /** PEM: the certificate, and what leads from it to its authority. */
  readonly cert: string
  readonly key: string
  /** PEM: the authorities that clients are to trust. Empty where nobody said. */
  readonly bundle: string
  /** Milliseconds since 1970. */
  readonly notAfter: number
}

/** What the cluster was told last. */
export interface Told {
  readonly bundle: string
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface CertificateSource {
  /**
   * What is to be served now; `fault` says what is wrong with it, or why it is still the former.
   * @param told undefined where it is not for us to tell clients whom to trust
   * @throws ThymusError CONFIG where there is none at all
   */
  refresh(now: number, told?: Told): { readonly credentials: Credentials; readonly fault: ThymusError | undefined }
}

/** All in milliseconds. */
export interface Lives {
  /** Of an authority. Half of it goes by before the next one is made: both are trusted meanwhile. */
  readonly authority: number
  /** Of a server's certificate; it is renewed when a third is left. */
  readonly server: number
  /** For which a new authority is trusted before it signs: until then every client has heard of it. From when it is told, or else made. */
  readonly settle: number
}

const DAY = 86_400_000
export const LIVES: Lives = { authority: 730 * DAY, server: 90 * DAY, settle: DAY }
/** Clocks of clients may be behind. */
const BACKDATED = 300_000
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

interface Signer extends Authority {
  readonly pem: string
  readonly certificate: Certificate
}

/**
 * Certificates in a folder that one process writes: `authorities.pem` (oldest first, each with its key) and `server.pem`, both for their
 * owner only, and replaced as a whole. What cannot be read is made anew. @param names host names and addresses of the webhook
 */
export function keptCertificates(folder: string, names: readonly string[], lives: Lives = LIVES): CertificateSource {
  return {
    refresh(now, told) {
      const authorities = keptAuthorities(join(folder, 'authorities.pem'), now, lives)
      const file = join(folder, 'server.pem')
      const [served] = readPairs(file)
      const bundle = authorities.map(({ pem }) => pem).join('')
      const since = ({ pem, certificate }: Signer) => {
        if (told === undefined) return certificate.notBefore.milliseconds + BACKDATED
        return told.bundle.includes(pem) ? told.since : Number.POSITIVE_INFINITY
      }
      const settled = authorities.findLast((each) => now >= since(each) + lives.settle)
      // A server that begins anew has told everything just now, and goes on with what it served.
      const signer = settled ?? authorities.find((each) => served !== undefined && issued(each, served)) ?? authorities[0]!
      return { credentials: { ...keptServer(file, served, signer, names, now, lives), bundle }, fault: undefined }
    },
  }
}

function keptAuthorities(file: string, now: number, lives: Lives): readonly Signer[] {
  const kept = readPairs(file).filter(({ certificate }) => now < certificate.notAfter.milliseconds)
  const newest = kept.at(-1)
  if (newest !== undefined && newest.certificate.notAfter.milliseconds - now > lives.authority / 2) return kept
  const keys = newKeyPair()
  const serial = randomBytes(16)
  // A name of its own, so that no client takes one authority for another.
  const subject = { commonName: `Thymus admission ${serial.toString('hex', 0, 4)}` }
  const der = issueAuthority({ subject, serial, notBefore: now - BACKDATED, notAfter: now + lives.authority }, keys)
  const made = { ...keys, pem: new X509Certificate(der).toString(), certificate: readCertificate(der), subject }
  const authorities = [...kept, made]
  write(file, authorities.map(({ pem, privateKey }) => pem + privateKey.export({ format: 'pem', type: 'pkcs8' })).join(''))
  return authorities
}

function keptServer(
  file: string,
  kept: Signer | undefined,
  signer: Signer,
  names: readonly string[],
  now: number,
  lives: Lives,
): Omit<Credentials, 'bundle'> {
  const roots = [signer.certificate]
  if (kept !== undefined && kept.certificate.notAfter.milliseconds - now > lives.server / 3) {
    const isFor = (host: string) => trusts(kept.certificate, { roots, now, host })
    if (names.every(isFor)) return credentialsOf(kept)
  }
  const keys = newKeyPair()
  const notAfter = Math.min(now + lives.server, signer.certificate.notAfter.milliseconds)
  const basis = { subject: { commonName: 'thymus-admission' }, serial: randomBytes(16), notBefore: now - BACKDATED, notAfter }
  const der = issueLeaf({ ...basis, publicKey: keys.publicKey, purpose: 'server', names }, signer)
  const made = { ...keys, pem: new X509Certificate(der).toString(), certificate: readCertificate(der), subject: basis.subject }
  write(file, made.pem + made.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return credentialsOf(made)
}

const issued = (authority: Signer, { pem }: Signer) => new X509Certificate(pem).checkIssued(new X509Certificate(authority.pem))

function credentialsOf({ pem, privateKey, certificate }: Signer): Omit<Credentials, 'bundle'> {
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { cert: pem, key, notAfter: certificate.notAfter.milliseconds }
}

function trusts(certificate: Certificate, options: { roots: readonly Certificate[]; now: number; host: string }): boolean {
  try {
    verifyChain(certificate, { ...options, intermediates: [], usages: [SERVER_AUTH] })
    return true
  } catch {
    return false
  }
}

/** Certificates with the key that follows each; none for a file that is not there, or is damaged. */
function readPairs(file: string): readonly Signer[] {
  try {
    const blocks = readAllPem(readFileSync(file, 'latin1'))
    return blocks.flatMap((block, at) => {
      const next = blocks[at + 1]
      if (block.label !== 'CERTIFICATE' || next?.label !== 'PRIVATE KEY') return []
      const x509 = new X509Certificate(block.bytes)
      const privateKey = createPrivateKey({ key: next.bytes, format: 'der', type: 'pkcs8' })
      if (!x509.checkPrivateKey(privateKey)) return []
      const certificate = readCertificate(block.bytes)
      const commonName = String(certificate.subject.find(({ type }) => type === '2.5.4.3')?.value ?? '')
      return [{ pem: x509.toString(), certificate, privateKey, publicKey: x509.publicKey, subject: { commonName } }]
    })
  } catch {
    return []
  }
}

/** As a whole or not at all. */
function write(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    rmSync(unfinished, { force: true })
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' })
    renameSync(unfinished, file)
  } catch (error) {
    throw new ThymusError('CONFIG', `cannot be written: ${(error as NodeJS.ErrnoException).code}`, { at: file })
  }
}

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  /** Of the authorities, where the configuration of the cluster is to be kept up to date. */
  readonly bundle?: string
}

/**
 * Files that somebody else renews. What cannot be read while the server runs leaves the former in force, and so does, until it ends, a new
 * authority of which the cluster was not told.
 */
export function givenCertificates(files: CertificateFiles): CertificateSource {
  let former: Credentials | undefined
  return {
    refresh(now, told) {
      let fault: ThymusError | undefined
      try {
        const read = readGiven(files)
        const isTold = told === undefined || read.bundle === '' || read.bundle === told.bundle
        former = isTold || former === undefined || now > former.notAfter ? read : { ...former, bundle: read.bundle }
      } catch (error) {
        fault = error as ThymusError
        if (former === undefined) throw fault
      }
      return { credentials: former, fault: fault ?? expired(former, files.cert, now) }
    },
  }
}

function readGiven(files: CertificateFiles): Credentials {
  const cert = text(files.cert)
  const key = text(files.key)
  const bundle = files.bundle === undefined ? '' : text(files.bundle)
  const leaf = certificatesIn(files.cert, cert)[0]!
  if (bundle !== '') certificatesIn(files.bundle!, bundle)
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key)))
      throw new ThymusError('CONFIG', 'the key is of another certificate', { at: files.key })
  } catch (error) {
    if (error instanceof ThymusError) throw error
    throw new ThymusError('CONFIG', 'no private key that is read without a password', { at: files.key })
  }
  return { cert, key, bundle, notAfter: leaf.validToDate.getTime() }
}

function certificatesIn(file: string, pem: string): readonly X509Certificate[] {
  try {
    const found = readAllPem(pem).flatMap(({ label, bytes }) => (label === 'CERTIFICATE' ? [new X509Certificate(bytes)] : []))
    if (found.length > 0) return found
  } catch {
    // As if there were none.
  }
  throw new ThymusError('CONFIG', 'no certificate in PEM', { at: file })
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    throw new ThymusError('CONFIG', `cannot be read: ${(error as NodeJS.ErrnoException).code}`, { at: file })
  }
}

function expired({ notAfter }: Credentials, file: string, now: number): ThymusError | undefined {
  if (now <= notAfter) return undefined
  return new ThymusError('UNTRUSTED', `the certificate ended at ${new Date(notAfter).toISOString()}; no client will take it`, { at: file })
}
