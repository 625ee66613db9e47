// `thymus tpm VERB`: what a TPM 2.0 does for its owner. docs/tpm.md has each beside its line of tpm2-tools.
import { HASHES } from '../formats/hash.ts'
import { ENDORSEMENT_KINDS } from '../layers/hardware/tpm/kinds.ts'
import { command, group } from './command.ts'
import { flag, given, many, needed, one } from './flags.ts'
import { instant, text, whole } from './parameters.ts'
import { aliases, authorities, key as keyFlag, secret, shown, to, tpm as tpmFlags, trust } from './tpm/flags.ts'
import { credential, handle, key, lockout, nv, pcr, policy } from './tpm/nouns.ts'
import { hex, pcrsOfOneBank, pcrWishes } from './tpm/parameters.ts'

const statement = {
  key: keyFlag,
  nonce: given(hex, 'HEX', 'whoever asks knows by it that the answer is fresh'),
  message: given(text, 'FILE', 'write TPMS_ATTEST there: what is signed'),
  signature: given(text, 'FILE', 'write TPMT_SIGNATURE there'),
} as const
const MAX_RANDOM = 65_536

export const tpm = group('the TPM of this machine: keys, seals, measurements, and who vouches for it', {
  info: command({
    brief: 'maker, firmware, PCR banks, algorithms and limits',
    examples: [
      ['thymus tpm info', ''],
      ['thymus tpm info --tpm swtpm:localhost:2321', 'an emulator'],
    ],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./tpm/info.ts')).info,
  }),
  ek: command({
    brief: 'who this TPM is: its endorsement keys, and who vouches for them',
    examples: [
      ['thymus tpm ek --roots makers.pem', 'is it a real one?'],
      ['thymus tpm ek --roots makers.pem --trust', 'and it is trusted from now on'],
      ['thymus tpm ek --kind p256 --trust', 'trusted at first sight, as one does with hosts'],
    ],
    parameters: {
      flags: {
        kind: { kind: 'enum', values: ENDORSEMENT_KINDS, optional: true, brief: 'one of them; without it, those with a certificate' },
        trust: flag('pin it: secrets go to this TPM alone from now on'),
        certificate: given(text, 'FILE', 'write its certificate there, as it stands in the TPM'),
        public: given(text, 'FILE', 'write its public key there, in PEM'),
        area: given(text, 'FILE', 'write its TPM2B_PUBLIC there, for thymus tpm credential make'),
        ...trust,
        ...shown,
      },
      aliases,
    },
    more: 'The exit status is 2 where the authorities do not vouch for it.',
    load: async () => (await import('./tpm/ek.ts')).ek,
  }),
  platform: command({
    brief: 'what a platform certificate says of this machine, who has signed it, and whether it is about this TPM',
    examples: [
      ['thymus tpm platform board.der --platform-roots board-maker.pem --roots makers.pem', ''],
      ['thymus tpm platform board.der --platform-roots board-maker.pem --ek-certificate ek.der', 'elsewhere, without the TPM'],
    ],
    operands: 'FILE',
    parameters: {
      flags: {
        'platform-roots': many(text, 'FILE', 'authorities of whoever makes platforms, and certificates below them; name none that do more'),
        'ek-certificate': given(text, 'FILE', 'the certificate of the endorsement key; where it is left out, those in the TPM'),
        at: given(instant, 'TIME', 'as 2026-11-28T09:30:00Z; the present where it is left out'),
        ...authorities,
        ...shown,
      },
      aliases,
      positional: one(text, 'FILE', 'the certificate, in DER or PEM'),
    },
    more: 'The exit status is 2 where something is not so, 3 where it cannot be told.',
    load: async () => (await import('./tpm/platform.ts')).platform,
  }),
  pcr,
  random: command({
    brief: 'random bytes of the TPM, in hex',
    examples: [['thymus tpm random 32', '']],
    operands: 'BYTES',
    parameters: { flags: { to, ...trust, ...tpmFlags }, positional: one(whole(1, MAX_RANDOM), 'BYTES', `1 to ${MAX_RANDOM}`) },
    load: async () => (await import('./tpm/info.ts')).random,
  }),
  key,
  sign: command({
    brief: 'sign a file; the signature is as OpenSSL has it',
    examples: [
      ['thymus tpm sign --key signer.pem --to file.sig file', ''],
      ['openssl dgst -sha256 -verify signer.pub -signature file.sig file', 'and this verifies it'],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        key: keyFlag,
        hash: { kind: 'enum', values: HASHES.map(({ name }) => name), default: 'sha256', brief: 'sha256 where it is left out' },
        scheme: { kind: 'enum', values: ['rsassa', 'rsapss'], optional: true, brief: 'of an RSA key; rsassa where it is left out' },
        to,
        ...secret,
        ...tpmFlags,
      },
      positional: one(text, 'FILE|-', 'what is signed'),
    },
    load: async () => (await import('./tpm/key.ts')).sign,
  }),
  quote: command({
    brief: 'let a key say what the PCRs are, for somebody who asked with a nonce',
    examples: [['thymus tpm quote --key ak.pem --pcrs sha256:0-7 --nonce 9c1f… -o json', '']],
    parameters: { flags: { pcrs: needed(pcrWishes, 'BANK:PCRS', 'which'), ...statement, ...secret, ...shown }, aliases },
    load: async () => (await import('./tpm/attest.ts')).quote,
  }),
  certify: command({
    brief: 'let a key say that another is in the same TPM',
    examples: [['thymus tpm certify --key ak.pem signer.pem', '']],
    operands: 'FILE',
    parameters: { flags: { ...statement, ...secret, ...shown }, aliases, positional: one(text, 'FILE', 'the key that is certified') },
    load: async () => (await import('./tpm/attest.ts')).certify,
  }),
  seal: command({
    brief: 'shut a secret in, so that only this TPM opens it, where a policy holds',
    examples: [
      ['thymus tpm seal --pcrs sha256:0,7 secret.bin secret.pem', 'while the machine boots as it did'],
      ['thymus tpm seal --signed-by signer.pub secret.bin secret.pem', 'while a policy that the key signed holds: updates can be signed'],
      ['thymus tpm seal --auth file:pin secret.bin secret.pem', 'for who knows the password'],
    ],
    operands: 'FILE|- TO',
    parameters: {
      flags: {
        pcrs: given(pcrsOfOneBank, 'BANK:PCRS', 'they must be then what they are now'),
        'signed-by': given(text, 'FILE', 'the public key in PEM of whoever signs policies: thymus tpm policy sign'),
        label: given(text, 'TEXT', 'only policies that were signed with the same'),
        ...secret,
        ...tpmFlags,
      },
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: text, placeholder: 'FILE', brief: 'at most 128 bytes; - is stdin' },
          { parse: text, placeholder: 'TO', brief: 'where it goes; a file that is there is not replaced' },
        ],
      },
    },
    load: async () => (await import('./tpm/seal.ts')).seal,
  }),
  unseal: command({
    brief: 'open what was sealed',
    examples: [
      ['thymus tpm unseal secret.pem', 'onto stdout'],
      ['thymus tpm unseal --policy now.json --policy next.json secret.pem', 'by the first that holds'],
    ],
    operands: 'FILE',
    parameters: {
      flags: { policy: many(text, 'FILE', 'a signed policy'), to, ...secret, ...tpmFlags },
      positional: one(text, 'FILE', 'what thymus tpm seal wrote'),
    },
    load: async () => (await import('./tpm/seal.ts')).unseal,
  }),
  policy,
  nv,
  credential,
  lockout,
  handle,
})
