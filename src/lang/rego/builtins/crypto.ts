import { createHash, createHmac } from 'node:crypto'
import type { Builtin } from '../codegen/runtime.ts'
import { toBytes } from './bytes.ts'
import { text } from './operands.ts'
import { sameBytes } from './same-bytes.ts'

const hash =
  (name: string): Builtin =>
  (_, a) =>
    createHash(name)
      .update(toBytes(text(a, 1)))
      .digest('hex')
const hmac =
  (name: string): Builtin =>
  (_, a, b) =>
    createHmac(name, toBytes(text(b, 2)))
      .update(toBytes(text(a, 1)))
      .digest('hex')

/** Hashes and message authentication. */
export const CRYPTO: Readonly<Record<string, Builtin>> = {
  'crypto.md5': hash('md5'),
  'crypto.sha1': hash('sha1'),
  'crypto.sha256': hash('sha256'),
  'crypto.hmac.md5': hmac('md5'),
  'crypto.hmac.sha1': hmac('sha1'),
  'crypto.hmac.sha256': hmac('sha256'),
  'crypto.hmac.sha512': hmac('sha512'),
  'crypto.hmac.equal': (_, a, b) => sameBytes(toBytes(text(a, 1)), toBytes(text(b, 2))),
}
