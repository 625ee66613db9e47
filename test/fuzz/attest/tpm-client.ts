// What a TPM, or whoever answers for one, may say to the client; and the files that the client reads again.
import { createHash, createHmac } from 'node:crypto'
import { ByteReader } from '../../../src/formats/bytes.ts'
import { hashByName } from '../../../src/formats/hash.ts'
import { sized, u8, u16, u32 } from '../../../src/layers/hardware/tpm/abi/marshal.ts'
import { selectPcrs, writePcrSelections } from '../../../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { nameOf, type PublicArea, writeSizedPublicArea } from '../../../src/layers/hardware/tpm/abi/public-area.ts'
import { type Command, prepare } from '../../../src/layers/hardware/tpm/command.ts'
import { nvEntity, nvName, nvRead, nvReadPublic, writeNvPublic } from '../../../src/layers/hardware/tpm/commands/nv.ts'
import { create, createPrimary, load, readPublicOf } from '../../../src/layers/hardware/tpm/commands/objects.ts'
import { algorithms, handles, pcrBanks, pcrEvent, pcrRead, properties } from '../../../src/layers/hardware/tpm/commands/platform.ts'
import { startAuthSession } from '../../../src/layers/hardware/tpm/commands/sessions.ts'
import { makeCredential, quote, sign, verifySignature } from '../../../src/layers/hardware/tpm/commands/signing.ts'
import { fixed, HANDLE } from '../../../src/layers/hardware/tpm/entity.ts'
import { kdfa } from '../../../src/layers/hardware/tpm/kdf.ts'
import { readKeyFile, writeKeyFile } from '../../../src/layers/hardware/tpm/key-file.ts'
import { ATTRIBUTE, Session } from '../../../src/layers/hardware/tpm/session.ts'
import { readSignedPolicy, writeSignedPolicy } from '../../../src/layers/hardware/tpm/signed-policy.ts'
import { STORAGE_ROOT, sealedData, signingKey } from '../../../src/layers/hardware/tpm/templates.ts'
import type { ByteTarget } from '../bytes.ts'

const NONE = Buffer.alloc(0)
const DIGEST = Buffer.alloc(32, 5)
const owner = fixed(HANDLE.owner)
const index = { index: 0x01800001, nameHash: 0x000b, attributes: 0x20040004, authPolicy: NONE, size: 32 }
const selection = [selectPcrs('sha256', [0, 7])]
const key: PublicArea = {
  ...signingKey('p256', false),
  type: 'ecc',
  symmetric: null,
  scheme: null,
  curve: 3,
  kdf: null,
  x: DIGEST,
  y: DIGEST,
}
const name = sized(nameOf(key)!)
const created = [sized(DIGEST), sized(DIGEST), u16(0x8021), u32(HANDLE.owner), sized(DIGEST)]
const signature = [u16(0x0018), u16(0x000b), sized(DIGEST), sized(DIGEST)]

/** Commands with the parameters of an answer to each. */
const ANSWERS: readonly (readonly [Command<unknown>, readonly Buffer[]])[] = [
  [createPrimary(owner, STORAGE_ROOT), [writeSizedPublicArea(key), ...created, name]],
  [create(owner, signingKey('p256', false)), [sized(DIGEST), writeSizedPublicArea(key), ...created]],
  [load(owner, { area: key, private: NONE }), [name]],
  [readPublicOf(0x81000001), [writeSizedPublicArea(key), name, name]],
  [handles(0x80000000), [u8(0), u32(1), u32(2), u32(0x80000000), u32(0x80000001)]],
  [properties(0x100), [u8(1), u32(6), u32(1), u32(0x100), u32(0x322e3000)]],
  [algorithms(0), [u8(0), u32(0), u32(2), u16(1), u32(9), u16(4), u32(4)]],
  [pcrBanks(), [u8(0), u32(5), writePcrSelections(selection)]],
  [pcrRead(selection), [u32(20), writePcrSelections(selection), u32(2), sized(DIGEST), sized(DIGEST)]],
  [pcrEvent(16, NONE), [u32(1), u16(0x000b), DIGEST]],
  [quote(owner, NONE, selection), [sized(DIGEST), ...signature]],
  [sign(owner, DIGEST, null), signature],
  [verifySignature(owner, DIGEST, NONE), [u16(0x8022), u32(HANDLE.owner), sized(DIGEST)]],
  [makeCredential(owner, DIGEST, NONE), [sized(DIGEST), sized(DIGEST)]],
  [nvReadPublic(index.index), [sized(writeNvPublic(index)), sized(nvName(index))]],
  [nvRead(nvEntity(index), nvEntity(index), 32, 0), [sized(DIGEST)]],
  [startAuthSession('hmac', 'sha256', owner, NONE, DIGEST, owner), [sized(DIGEST)]],
]

/** The first byte says which command's. */
const answer: ByteTarget = {
  seeds: () => ANSWERS.map(([, parts], at) => Buffer.concat([u8(at), ...parts])),
  read(bytes) {
    const [command] = ANSWERS[(bytes[0] ?? 0) % ANSWERS.length]!
    const reader = new ByteReader(bytes.subarray(1), 'big')
    command.read(reader, 0x80000000)
    reader.finish(command.name)
  },
}

const [salt, nonceTpm, nonceCaller, nonceNext] = [1, 2, 3, 4].map((value) => Buffer.alloc(32, value)) as [Buffer, Buffer, Buffer, Buffer]
const protectedCommand: Command<unknown> = { ...ANSWERS[14]![0], name: 'NV_ReadPublic', secret: 'out' }

/** A whole message, with the proof of its session. */
const response: ByteTarget = {
  seeds() {
    const attributes = u8(ATTRIBUTE.continue | ATTRIBUTE.encrypt)
    const parameters = Buffer.concat([sized(DIGEST), DIGEST])
    const sessionKey = kdfa(hashByName('sha256')!, salt, 'ATH', nonceTpm, nonceCaller, 256)
    const rpHash = createHash('sha256')
      .update(Buffer.concat([u32(0), u32(protectedCommand.code), parameters]))
      .digest()
    const proof = createHmac('sha256', sessionKey)
      .update(Buffer.concat([rpHash, nonceNext, nonceCaller, attributes]))
      .digest()
    const body = Buffer.concat([u32(parameters.length), parameters, sized(nonceNext), attributes, sized(proof)])
    return [Buffer.concat([u16(0x8002), u32(10 + body.length), u32(0), body]), Buffer.concat([u16(0x8001), u32(10), u32(0x98e)])]
  },
  read(bytes) {
    const session = new Session('hmac', 'sha256', 0x02000000, salt, nonceTpm, nonceCaller)
    prepare(protectedCommand, [session.use(ATTRIBUTE.encrypt)], () => nonceCaller).read(bytes)
  },
}

const keyFile: ByteTarget = {
  seeds: () => [
    Buffer.from(
      writeKeyFile({
        ...{ kind: 'sealed', blob: { area: sealedData(DIGEST), private: Buffer.alloc(90) }, parent: 0x40000001, emptyAuth: false },
        policy: [{ step: 'pcr', digest: DIGEST, selection }, { step: 'authorize', key, ref: Buffer.from('ref') }, { step: 'authValue' }],
      }),
    ),
  ],
  read: (bytes) => readKeyFile(bytes.toString('latin1')),
}

/** The DER inside, which damage to the text hardly reaches. */
const keyDer: ByteTarget = {
  seeds: () => keyFile.seeds().map((pem) => Buffer.from(pem.toString('latin1').replace(/-.*-/g, ''), 'base64')),
  read: (bytes) => readKeyFile(`-----BEGIN TSS2 PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END TSS2 PRIVATE KEY-----\n`),
}

const signedPolicy: ByteTarget = {
  seeds() {
    const counter = { index: 0x01800001, name: nvName(index), atMost: 7n }
    const policy = { bank: 'sha256', pcrs: new Map([[7, DIGEST]]), counter, ref: NONE, signature: Buffer.concat(signature) } as const
    return [Buffer.from(writeSignedPolicy(policy))]
  },
  read: (bytes) => readSignedPolicy(bytes.toString('utf8')),
}

export const tpmClient: Readonly<Record<string, ByteTarget>> = {
  'tpm-answer': answer,
  'tpm-response': response,
  'tpm-key-file': keyFile,
  'tpm-key-der': keyDer,
  'tpm-signed-policy': signedPolicy,
}
