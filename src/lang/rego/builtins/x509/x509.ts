import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { type VerifyOptions, verifyChain } from '../../../../formats/x509/verify.ts'
import type { Builtin, Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { isArray, isNumber, type RegoObject, RegoSet, type Value } from '../../values/value.ts'
import { int64 } from '../int64.ts'
import { object, text } from '../operands.ts'
import { certificateFields, extendedCertificateFields } from './certificate-fields.ts'
import { certificateRequestOf, certificatesOf, keyPairOf, privateKeysOf, reading } from './input.ts'
import { type Plain, toValue } from './plain.ts'
import { privateKeyFields, privateKeyJwk } from './private-key-fields.ts'
import { requestFields } from './request-fields.ts'
import { USAGES } from './usages.ts'

/** Certificates, requests for them, and private keys. */
export const X509: Readonly<Record<string, Builtin>> = {
  'crypto.x509.parse_certificates': (runtime, a) => toValue(certificatesOf(given(runtime, a, 1)).map(extendedCertificateFields)),
  'crypto.x509.parse_and_verify_certificates': (runtime, a) =>
    verified(certificatesOrNone(given(runtime, a, 1)), {}, runtime, extendedCertificateFields),
  'crypto.x509.parse_and_verify_certificates_with_options': (runtime, a, b) => {
    const options = object(b, 2)
    const certificates = certificatesOrNone(given(runtime, a, 1))
    return certificates === undefined ? INVALID : verified(certificates, readOptions(options), runtime, certificateFields)
  },
  'crypto.x509.parse_certificate_request': (runtime, a) => {
    const source = given(runtime, a, 1)
    return toValue(reading(() => requestFields(certificateRequestOf(source))))
  },
  'crypto.x509.parse_keypair': (runtime, a, b) => {
    const { certificates, leaf, key } = keyPairOf(given(runtime, a, 1), given(runtime, b, 2))
    return toValue({
      Certificate: certificates,
      PrivateKey: privateKeyFields(key),
      SupportedSignatureAlgorithms: null,
      OCSPStaple: null,
      SignedCertificateTimestamps: null,
      Leaf: certificateFields(leaf),
    })
  },
  'crypto.x509.parse_rsa_private_key': (runtime, a) => {
    const source = given(runtime, a, 1)
    const [first] = privateKeysOf(source, { strict: true })
    return first === undefined ? null : toValue(privateKeyJwk(first))
  },
  'crypto.parse_private_keys': (runtime, a) => {
    const source = given(runtime, a, 1)
    return source === '' ? null : toValue(privateKeysOf(source).map(privateKeyFields))
  },
}

const INVALID: Value = [false, []]

/** Reading takes steps by its size: each certificate costs some hundred times its bytes. */
function given(runtime: Runtime, value: Value, at: number): string {
  const source = text(value, at)
  runtime.charge(source.length)
  return source
}

function certificatesOrNone(source: string): readonly Certificate[] | undefined {
  try {
    return certificatesOf(source)
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}

type Options = Partial<Pick<VerifyOptions, 'now' | 'host' | 'usages'>>

/** The first certificate is the root, the last the one to verify. [whether there is a path, the path from the last to the root]. */
function verified(
  certificates: readonly Certificate[] | undefined,
  { now, host, usages = [] }: Options,
  { surroundings }: Runtime,
  fields: (certificate: Certificate) => Plain,
): Value {
  if (certificates === undefined || certificates.length < 2) return INVALID
  const [root, ...others] = certificates as [Certificate, ...Certificate[]]
  const leaf = others.pop()!
  try {
    const chain = reading(() =>
      verifyChain(leaf, {
        roots: [root],
        intermediates: others,
        now: now ?? Number(surroundings.now) / 1e6,
        ...(host !== undefined && { host }),
        usages: usages.length > 0 ? usages : [SERVER_AUTH],
      }),
    )
    return [true, toValue(chain.map(fields))]
  } catch (error) {
    if (error instanceof BuiltinError) return INVALID
    throw error
  }
}

const SERVER_AUTH = USAGES[1]!.oid

function readOptions(options: RegoObject): Options {
  let read: Options = {}
  for (const [name, value] of options.entries()) if (typeof name === 'string') read = { ...read, ...readOption(name, value) }
  return read
}

function readOption(name: string, value: Value): Options {
  switch (name) {
    case 'DNSName':
      if (typeof value !== 'string') throw new BuiltinError("'DNSName' should be a string")
      return { host: unquoted(value) }
    case 'CurrentTime': {
      const nanoseconds = isNumber(value) ? int64(value) : undefined
      if (nanoseconds === undefined) throw new BuiltinError("'CurrentTime' should be a valid int64 number")
      return { now: Number(nanoseconds) / 1e6 }
    }
    case 'MaxConstraintComparisons':
      if (!isNumber(value) || int64(value) === undefined) throw new BuiltinError("'MaxConstraintComparisons' should be a valid number")
      return {}
    case 'KeyUsages':
      return { usages: readUsages(value) }
    default:
      throw new BuiltinError('invalid key option')
  }
}

/** What is no string is passed over. */
function readUsages(value: Value): readonly string[] {
  if (!isArray(value) && !(value instanceof RegoSet)) throw new BuiltinError("'KeyUsages' should be an Array or Set")
  const names = (isArray(value) ? value : value.members()).filter((name) => typeof name === 'string').map(unquoted)
  return names.map((name) => {
    const usage = USAGES.find((each) => each.name === name)
    if (usage === undefined) throw new BuiltinError(`invalid entries for 'KeyUsages' found: ${name}`)
    return usage.oid
  })
}

const unquoted = (value: string) => value.replace(/^"+|"+$/g, '')
