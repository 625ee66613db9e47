import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { EAR_PROFILE, type Ear, readEar, VERAISON_PROFILE, writeEar } from './ear.ts'
import { TIERS, TRUST_CLAIMS, vectorTier } from './trust.ts'

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' })
const FULL: Ear = {
  profile: EAR_PROFILE,
  issuedAt: 1_790_000_000,
  expires: 1_790_000_600,
  verifier: { developer: 'thymus', build: '0.1.0' },
  rawEvidence: Buffer.from([0xde, 0xad]),
  nonce: Buffer.alloc(8, 7).toString('base64url'),
  status: 'warning',
  submods: {
    boot: {
      status: 'warning',
      vector: { executables: 33, configuration: 2 },
      policies: ['policy:a', 'policy:b'],
      evidence: { 'boot-count': 7 },
      added: { because: ['a word was added'] },
      key: KEY,
    },
    tpm: { status: 'affirming', policies: [] },
  },
}
const NAMES = {
  [EAR_PROFILE]: ['ear_verifier_id', 'ear_status', 'ear_trustworthiness_vector', 'ear_veraison_key_attestation'],
  [VERAISON_PROFILE]: ['ear.verifier-id', 'ear.status', 'ear.trustworthiness-vector', 'ear.veraison.key-attestation'],
} as const

type Json = Record<string, unknown>
const copy = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json
const refused = (claims: unknown, at: string | RegExp) =>
  assert.throws(
    () => readEar(claims),
    (error) =>
      error instanceof ThymusError && error.code === 'FORMAT' && (typeof at === 'string' ? error.at === at : at.test(error.at ?? '')),
    `${at}`,
  )

test('what is written is read as it was', () => {
  assert.deepEqual(readEar(copy(writeEar(FULL))), FULL)
  const { status: _, submods, ...rest } = FULL
  const veraison: Ear = { ...rest, profile: VERAISON_PROFILE, nonce: 'ten bytes.', submods: { tpm: submods.tpm! } }
  assert.deepEqual(readEar(copy(writeEar(veraison))), veraison)
})

for (const profile of [EAR_PROFILE, VERAISON_PROFILE] as const) {
  const [verifier, status, vector, key] = NAMES[profile]
  const good = () =>
    ({
      eat_profile: profile,
      iat: 1_790_000_000,
      [verifier]: { developer: 'd', build: 'b' },
      submods: { one: { [status]: 'affirming', [vector]: { hardware: 2 } } },
    }) as Json
  const submod = (claims: Json) => (claims.submods as Record<string, Json>).one!

  describe(profile, () => {
    test('each claim that must be there is missed', () => {
      readEar(good())
      for (const name of ['eat_profile', 'iat', verifier, 'submods']) {
        const { [name]: _, ...less } = good()
        refused(less, name)
      }
      refused({ ...good(), submods: {} }, 'submods')
      refused({ ...good(), submods: { one: {} } }, `submods.one.${status}`)
      for (const part of ['developer', 'build'])
        refused({ ...good(), [verifier]: { developer: 'd', build: 'b', [part]: 1 } }, `${verifier}.${part}`)
    })

    test('values of another type or range are refused', () => {
      for (const iat of ['1790000000', 1.5, -1, null, 2 ** 60]) refused({ ...good(), iat }, 'iat')
      refused({ ...good(), exp: 1.5 }, 'exp')
      for (const profile of ['tag:github.com,2022:veraison/ear', '__proto__', 'constructor'])
        refused({ ...good(), eat_profile: profile }, 'eat_profile')
      for (const wrong of ['Affirming', 2, null, 'trusted']) {
        const claims = good()
        submod(claims)[status] = wrong
        refused(claims, `submods.one.${status}`)
      }
      for (const wrong of [{}, [], { hardware: '2' }, { hardware: 128 }, { hardware: -129 }, { hardware: 2.5 }, { Hardware: 2 }, null]) {
        const claims = good()
        submod(claims)[vector] = wrong
        refused(claims, /^submods\.one/)
      }
    })

    test('a status that is of higher trust than its vector is refused; none contradicts nothing', () => {
      const claims = good()
      submod(claims)[vector] = { hardware: 2, executables: 96 }
      refused(claims, `submods.one.${status}`)
      submod(claims)[status] = 'warning'
      refused(claims, `submods.one.${status}`)
      for (const honest of ['contraindicated', 'none']) {
        submod(claims)[status] = honest
        readEar(claims)
      }
    })

    test('an attested key is a key', () => {
      for (const wrong of [{}, { akpub: 7 }, { akpub: 'MFkwEwYHKo' }, { akpub: `${KEY.toString('base64')}=` }, { akpub: '' }, 'key']) {
        const claims = good()
        submod(claims)[key] = wrong
        refused(claims, /^(submods\.one|.* at byte)|byte/)
      }
    })

    test('an extension of EAR is an object, other claims are not looked at', () => {
      const ear = profile === EAR_PROFILE ? 'ear_all' : 'ear.all'
      readEar({ ...good(), [ear]: { a: 1 }, jti: 'x', other: 7 })
      refused({ ...good(), [ear]: 7 }, ear)
    })
  })
}

test('the status of the whole is no better than that of the worst submodule', () => {
  refused({ ...copy(writeEar(FULL)), ear_status: 'affirming' }, 'ear_status')
  readEar({ ...copy(writeEar(FULL)), ear_status: 'contraindicated' })
})

test('a nonce has 8 to 64 bytes', () => {
  for (const size of [0, 7, 65]) refused({ ...copy(writeEar(FULL)), eat_nonce: Buffer.alloc(size).toString('base64url') }, 'eat_nonce')
  refused({ ...copy(writeEar(FULL)), eat_nonce: 'not base64 !' }, 'eat_nonce')
  for (const size of [8, 64]) readEar({ ...copy(writeEar(FULL)), eat_nonce: Buffer.alloc(size).toString('base64url') })
})

test('any vector comes back, and its status is taken if it is honest', () => {
  const vectors = fc.dictionary(fc.constantFrom(...TRUST_CLAIMS), fc.integer({ min: -128, max: 127 }), {
    minKeys: 1,
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(vectors, fc.constantFrom(...TIERS), (vector, status) => {
      const made = { ...FULL, status: 'none' as const, submods: { one: { status, vector, policies: [] } } }
      const honest = status === 'none' || TIERS.indexOf(status) >= TIERS.indexOf(vectorTier(vector))
      if (honest) assert.deepEqual(readEar(copy(writeEar(made))), made)
      else assert.throws(() => writeEar(made), { code: 'FORMAT' })
    }),
  )
})

test('whatever JSON it is given, it answers or refuses by its code', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(writeEar(FULL)), 'ear_veraison_key_attestation'), (value, name) => {
      for (const claims of [value, { ...copy(writeEar(FULL)), [name]: value }])
        try {
          readEar(claims)
        } catch (error) {
          assert.ok(error instanceof ThymusError)
        }
    }),
  )
})
