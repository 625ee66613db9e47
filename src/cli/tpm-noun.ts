// `thymus tpm VERB`: what a TPM 2.0 does for its owner. docs/tpm.md has each beside its line of tpm2-tools.
import { HASHES } from '../formats/hash.ts'
import { ENDORSEMENT_KINDS, KEY_KINDS } from '../layers/hardware/tpm/kinds.ts'
import { command, group } from './command.ts'
import { flag, given, many, needed, one, output } from './flags.ts'
import { text } from './parameters.ts'
import { aliases, auth, key, ownerAuth, shown, to, tpm as tpmFlags, trust } from './tpm/flags.ts'
import { bankDigests, count, hex, nvIndex, offset, pcr, pcrsOfOneBank, pcrValue, pcrWishes, secretSource } from './tpm/parameters.ts'

const secret = { ...trust, auth, 'owner-auth': ownerAuth } as const
const owner = { ...trust, 'owner-auth': ownerAuth } as const
const statement = {
  key,
  nonce: given(hex, 'HEX', 'whoever asks knows by it that the answer is fresh'),
  message: given(text, 'FILE', 'write TPMS_ATTEST there: what is signed'),
  signature: given(text, 'FILE', 'write TPMT_SIGNATURE there'),
} as const
const index = one(nvIndex, 'INDEX', 'of NV, as 0x01800001')
const MAX_RANDOM = 65_536
const MAX_NV = 4096
const signedBy = (brief: string) => needed(text, 'FILE', brief)

const pcrGroup = group('platform configuration registers: what was measured', {
  read: command({
    brief: 'values of PCRs, all of one moment',
    examples: [
      ['thymus tpm pcr read', 'all that the TPM keeps'],
      ['thymus tpm pcr read sha256:0-7,11', ''],
    ],
    operands: '[BANK:PCRS]',
    parameters: {
      flags: shown,
      aliases,
      positional: {
        kind: 'tuple',
        parameters: [{ parse: pcrWishes, placeholder: 'BANK:PCRS', brief: 'as sha256:0,2-4, several with + between', optional: true }],
      },
    },
    load: async () => (await import('./tpm/pcr.ts')).read,
  }),
  extend: command({
    brief: 'put digests behind what a PCR holds',
    examples: [['thymus tpm pcr extend 23 sha256:$(sha256sum < file | cut -d" " -f1)', '']],
    operands: 'PCR BANK:HEX',
    parameters: {
      flags: shown,
      aliases,
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: pcr, placeholder: 'PCR', brief: '0 to 23' },
          { parse: bankDigests, placeholder: 'BANK:HEX', brief: 'a digest, several banks with + between' },
        ],
      },
    },
    load: async () => (await import('./tpm/pcr.ts')).extend,
  }),
  event: command({
    brief: 'let the TPM hash a file into a PCR, in every bank',
    examples: [['echo hello | thymus tpm pcr event 23 -', '']],
    operands: 'PCR FILE|-',
    parameters: {
      flags: shown,
      aliases,
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: pcr, placeholder: 'PCR', brief: '0 to 23' },
          { parse: text, placeholder: 'FILE', brief: 'of at most 1,024 bytes' },
        ],
      },
    },
    load: async () => (await import('./tpm/pcr.ts')).event,
  }),
})

const keyGroup = group('keys that never leave the TPM', {
  create: command({
    brief: 'make a key; the file holds it encrypted, and OpenSSL reads it too',
    examples: [
      ['thymus tpm key create signer.pem', 'P-256, for signing'],
      ['thymus tpm key create --restricted ak.pem', 'an attestation key: it quotes and certifies, and signs nothing else'],
      ['thymus tpm key create --type rsa2048 --auth file:password signer.pem', ''],
    ],
    operands: 'FILE',
    parameters: {
      flags: {
        type: { kind: 'enum', values: KEY_KINDS, default: 'p256', brief: 'p256 where it is left out' },
        restricted: flag('it signs only what the TPM itself says'),
        ...secret,
        ...shown,
      },
      aliases,
      positional: one(text, 'FILE', 'where it goes, for its owner alone; a file that is there is not replaced'),
    },
    load: async () => (await import('./tpm/key.ts')).create,
  }),
  show: command({
    brief: 'what a key file holds; needs no TPM',
    examples: [['thymus tpm key show ak.pem', 'its name and its public key']],
    operands: 'FILE',
    parameters: { flags: output, aliases, positional: one(text, 'FILE', 'a key file') },
    load: async () => (await import('./tpm/key.ts')).show,
  }),
})

const policyGroup = group('signed policies: what a sealed secret asks of the machine, revocable', {
  sign: command({
    brief: 'sign that PCRs have these values, until a counter moves on',
    examples: [
      ['thymus tpm policy sign --key signer.pem --counter 0x01800001 --pcrs sha256:0,7 now.json', 'for the machine as it is'],
      ['thymus tpm policy sign --key signer.pem --counter 0x01800001 --pcrs sha256:7,11 --value 11:HEX --next next.json', 'for an update'],
    ],
    operands: 'FILE',
    parameters: {
      flags: {
        key: signedBy('the private key in PEM: P-256, P-384 or RSA'),
        counter: needed(nvIndex, 'INDEX', 'of a counter in NV'),
        pcrs: needed(pcrsOfOneBank, 'BANK:PCRS', 'which PCRs; their values are those of now'),
        value: many(pcrValue, 'PCR:HEX', 'a value that a PCR will have instead'),
        next: flag('it goes on to hold after the next thymus tpm policy advance'),
        label: given(text, 'TEXT', 'what was said with thymus tpm seal --label'),
        ...tpmFlags,
      },
      positional: one(text, 'FILE', 'where it goes; a file that is there is replaced whole'),
    },
    load: async () => (await import('./tpm/seal.ts')).signPolicyFile,
  }),
  advance: command({
    brief: 'move the counter on, so that the policies of before end',
    examples: [['thymus tpm policy advance --signed-by signer.pub next.json', 'after the update has booted']],
    operands: 'FILE',
    parameters: {
      flags: {
        'signed-by': signedBy('the public key in PEM'),
        untried: flag('also where the new policy does not hold on the machine as it is: what is sealed stays shut until it does'),
        ...trust,
        'owner-auth': ownerAuth,
        ...tpmFlags,
      },
      positional: one(text, 'FILE', 'the new policy'),
    },
    more: 'There is no way back for a counter. A secret is lost only with the key that signs: it can always sign anew.',
    load: async () => (await import('./tpm/seal.ts')).advance,
  }),
})

const nvGroup = group('memory of the TPM that outlives the machine', {
  list: command({
    brief: 'all indices',
    examples: [['thymus tpm nv list', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./tpm/nv.ts')).list,
  }),
  define: command({
    brief: 'make an index: with --auth it opens by that, without it the owner writes and everybody reads',
    examples: [
      ['thymus tpm nv define --size 32 0x01800001', ''],
      ['thymus tpm nv define --counter 0x01800002', 'eight bytes that only ever go up'],
    ],
    operands: 'INDEX',
    parameters: {
      flags: { size: given(count(MAX_NV), 'BYTES', 'of ordinary memory'), counter: flag('a counter'), ...secret, ...tpmFlags },
      positional: index,
    },
    load: async () => (await import('./tpm/nv.ts')).define,
  }),
  read: command({
    brief: 'what is in an index; a counter as a number',
    examples: [['thymus tpm nv read 0x01c00002 --to ek.der', 'the certificate of the RSA endorsement key']],
    operands: 'INDEX',
    parameters: {
      flags: {
        offset: given(offset, 'BYTES', 'where to begin'),
        size: given(count(MAX_NV), 'BYTES', 'how much'),
        to,
        ...secret,
        ...tpmFlags,
      },
      positional: index,
    },
    load: async () => (await import('./tpm/nv.ts')).read,
  }),
  write: command({
    brief: 'put a file into an index',
    examples: [['thymus tpm nv write 0x01800001 value.bin', '']],
    operands: 'INDEX FILE|-',
    parameters: {
      flags: { offset: given(offset, 'BYTES', 'where to begin'), ...secret, ...tpmFlags },
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: nvIndex, placeholder: 'INDEX', brief: 'of NV' },
          { parse: text, placeholder: 'FILE', brief: 'what goes in; - is stdin' },
        ],
      },
    },
    load: async () => (await import('./tpm/nv.ts')).write,
  }),
  increment: command({
    brief: 'move a counter on by one, and print it',
    examples: [['thymus tpm nv increment 0x01800002', '']],
    operands: 'INDEX',
    parameters: { flags: { ...secret, ...tpmFlags }, positional: index },
    load: async () => (await import('./tpm/nv.ts')).increment,
  }),
  undefine: command({
    brief: 'take an index away, with what is in it',
    examples: [['thymus tpm nv undefine 0x01800001', '']],
    operands: 'INDEX',
    parameters: { flags: { ...owner, ...tpmFlags }, positional: index },
    load: async () => (await import('./tpm/nv.ts')).undefine,
  }),
})

const credentialGroup = group('secrets for one key in one TPM', {
  make: command({
    brief: 'encrypt a secret so that only the TPM of an endorsement key opens it, for one key in it; needs no TPM',
    examples: [['thymus tpm credential make --ek ek.pub --name HEX --secret secret.bin --to challenge', '']],
    parameters: {
      flags: {
        ek: signedBy('the endorsement key, as thymus tpm ek --area writes it'),
        name: needed(hex, 'HEX', 'of the key, as thymus tpm key show has it'),
        secret: needed(text, 'FILE|-', 'at most 32 bytes'),
        to: needed(text, 'FILE', 'where it goes; tpm2_activatecredential reads it too'),
      },
    },
    load: async () => (await import('./tpm/credential.ts')).make,
  }),
  activate: command({
    brief: 'open what was made for a key in this TPM',
    examples: [['thymus tpm credential activate --key ak.pem challenge', 'prints the secret']],
    operands: 'FILE',
    parameters: {
      flags: {
        key,
        ek: {
          kind: 'enum',
          values: ENDORSEMENT_KINDS,
          default: 'p256',
          brief: 'which endorsement key it was made for; p256 where it is left out',
        },
        to,
        ...secret,
        ...tpmFlags,
      },
      positional: one(text, 'FILE', 'the credential'),
    },
    load: async () => (await import('./tpm/credential.ts')).activate,
  }),
})

const lockoutGroup = group('the lockout after too many wrong passwords', {
  show: command({
    brief: 'how many were wrong, and what happens then',
    examples: [['thymus tpm lockout show', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./tpm/info.ts')).showLockout,
  }),
  reset: command({
    brief: 'forgive them',
    examples: [['thymus tpm lockout reset --auth file:lockout-password', '']],
    parameters: {
      flags: { ...trust, auth: given(secretSource, 'file:PATH|env:NAME', 'the lockout password, where there is one'), ...tpmFlags },
    },
    load: async () => (await import('./tpm/info.ts')).resetLockout,
  }),
})

const handleGroup = group('what is loaded in the TPM or kept by it', {
  list: command({
    brief: 'objects and sessions',
    examples: [['thymus tpm handle list', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./tpm/info.ts')).listHandles,
  }),
  flush: command({
    brief: 'throw out all objects and sessions, whosoever they are; what is kept stays',
    examples: [['thymus tpm handle flush --tpm /dev/tpm0', 'after another program left its own behind']],
    parameters: { flags: tpmFlags },
    load: async () => (await import('./tpm/info.ts')).flushHandles,
  }),
})

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
  pcr: pcrGroup,
  random: command({
    brief: 'random bytes of the TPM, in hex',
    examples: [['thymus tpm random 32', '']],
    operands: 'BYTES',
    parameters: { flags: { to, ...trust, ...tpmFlags }, positional: one(count(MAX_RANDOM), 'BYTES', `1 to ${MAX_RANDOM}`) },
    load: async () => (await import('./tpm/info.ts')).random,
  }),
  key: keyGroup,
  sign: command({
    brief: 'sign a file; the signature is as OpenSSL has it',
    examples: [
      ['thymus tpm sign --key signer.pem --to file.sig file', ''],
      ['openssl dgst -sha256 -verify signer.pub -signature file.sig file', 'and this verifies it'],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        key,
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
  policy: policyGroup,
  nv: nvGroup,
  credential: credentialGroup,
  lockout: lockoutGroup,
  handle: handleGroup,
})
