// Nouns below `thymus tpm`, each with its verbs.
import { ENDORSEMENT_KINDS, KEY_KINDS } from '../../layers/hardware/tpm/kinds.ts'
import { command, group } from '../command.ts'
import { flag, given, many, needed, one, output } from '../flags.ts'
import { text, whole } from '../parameters.ts'
import { aliases, key as keyFlag, ownerAuth, secret, shown, to, tpm, trust } from './flags.ts'
import { bankDigests, hex, nvIndex, pcr as pcrNumber, pcrsOfOneBank, pcrValue, pcrWishes, secretSource } from './parameters.ts'

const owner = { ...trust, 'owner-auth': ownerAuth } as const
const index = one(nvIndex, 'INDEX', 'of NV, as 0x01800001')
const MAX_NV = 4096

export const pcr = group('platform configuration registers: what was measured', {
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
    load: async () => (await import('./pcr.ts')).read,
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
          { parse: pcrNumber, placeholder: 'PCR', brief: '0 to 23' },
          { parse: bankDigests, placeholder: 'BANK:HEX', brief: 'a digest, several banks with + between' },
        ],
      },
    },
    load: async () => (await import('./pcr.ts')).extend,
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
          { parse: pcrNumber, placeholder: 'PCR', brief: '0 to 23' },
          { parse: text, placeholder: 'FILE', brief: 'of at most 1,024 bytes' },
        ],
      },
    },
    load: async () => (await import('./pcr.ts')).event,
  }),
})

export const key = group('keys that never leave the TPM', {
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
    load: async () => (await import('./key.ts')).create,
  }),
  show: command({
    brief: 'what a key file holds; needs no TPM',
    examples: [['thymus tpm key show ak.pem', 'its name and its public key']],
    operands: 'FILE',
    parameters: { flags: output, aliases, positional: one(text, 'FILE', 'a key file') },
    load: async () => (await import('./key.ts')).show,
  }),
})

export const policy = group('signed policies: what a sealed secret asks of the machine, revocable', {
  sign: command({
    brief: 'sign that PCRs have these values, until a counter moves on',
    examples: [
      ['thymus tpm policy sign --key signer.pem --counter 0x01800001 --pcrs sha256:0,7 now.json', 'for the machine as it is'],
      ['thymus tpm policy sign --key signer.pem --from now.json --value 7:HEX --next next.json', 'for an update, on any machine'],
    ],
    operands: 'FILE',
    parameters: {
      flags: {
        key: needed(text, 'FILE', 'the private key in PEM: P-256, P-384 or RSA'),
        counter: given(nvIndex, 'INDEX', 'of a counter in NV'),
        pcrs: given(pcrsOfOneBank, 'BANK:PCRS', 'which PCRs; their values are those of now'),
        from: given(text, 'FILE', 'a policy that the key has signed before, instead of the machine as it is; needs no TPM'),
        value: many(pcrValue, 'PCR:HEX', 'a value that a PCR will have instead'),
        next: flag('it goes on to hold after the next thymus tpm policy advance'),
        label: given(text, 'TEXT', 'what was said with thymus tpm seal --label'),
        ...trust,
        ...tpm,
      },
      positional: one(text, 'FILE', 'where it goes; a file that is there is replaced whole'),
    },
    load: async () => (await import('./seal.ts')).signPolicyFile,
  }),
  advance: command({
    brief: 'move the counter on, so that the policies of before end',
    examples: [['thymus tpm policy advance --signed-by signer.pub next.json', 'after the update has booted']],
    operands: 'FILE',
    parameters: {
      flags: {
        'signed-by': needed(text, 'FILE', 'the public key in PEM'),
        untried: flag('also where the new policy does not hold on the machine as it is: what is sealed stays shut until it does'),
        ...owner,
        ...tpm,
      },
      positional: one(text, 'FILE', 'the new policy'),
    },
    more: 'There is no way back for a counter. A secret is lost only with the key that signs: it can always sign anew.',
    load: async () => (await import('./seal.ts')).advance,
  }),
})

export const nv = group('memory of the TPM that outlives the machine', {
  list: command({
    brief: 'all indices',
    examples: [['thymus tpm nv list', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./nv.ts')).list,
  }),
  define: command({
    brief: 'make an index: with --auth it opens by that, without it the owner writes and everybody reads',
    examples: [
      ['thymus tpm nv define --size 32 0x01800001', ''],
      ['thymus tpm nv define --counter 0x01800002', 'eight bytes that only ever go up'],
    ],
    operands: 'INDEX',
    parameters: {
      flags: { size: given(whole(1, MAX_NV), 'BYTES', 'of ordinary memory'), counter: flag('a counter'), ...secret, ...tpm },
      positional: index,
    },
    load: async () => (await import('./nv.ts')).define,
  }),
  read: command({
    brief: 'what is in an index; a counter as a number',
    examples: [['thymus tpm nv read 0x01c00002 --to ek.der', 'the certificate of the RSA endorsement key']],
    operands: 'INDEX',
    parameters: {
      flags: {
        offset: given(whole(0, 0xffff), 'BYTES', 'where to begin'),
        size: given(whole(1, MAX_NV), 'BYTES', 'how much'),
        to,
        ...secret,
        ...tpm,
      },
      positional: index,
    },
    load: async () => (await import('./nv.ts')).read,
  }),
  write: command({
    brief: 'put a file into an index',
    examples: [['thymus tpm nv write 0x01800001 value.bin', '']],
    operands: 'INDEX FILE|-',
    parameters: {
      flags: { offset: given(whole(0, 0xffff), 'BYTES', 'where to begin'), ...secret, ...tpm },
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: nvIndex, placeholder: 'INDEX', brief: 'of NV' },
          { parse: text, placeholder: 'FILE', brief: 'what goes in; - is stdin' },
        ],
      },
    },
    load: async () => (await import('./nv.ts')).write,
  }),
  increment: command({
    brief: 'move a counter on by one, and print it',
    examples: [['thymus tpm nv increment 0x01800002', '']],
    operands: 'INDEX',
    parameters: { flags: { ...secret, ...tpm }, positional: index },
    load: async () => (await import('./nv.ts')).increment,
  }),
  undefine: command({
    brief: 'take an index away, with what is in it',
    examples: [['thymus tpm nv undefine 0x01800001', '']],
    operands: 'INDEX',
    parameters: { flags: { ...owner, ...tpm }, positional: index },
    load: async () => (await import('./nv.ts')).undefine,
  }),
})

export const credential = group('secrets for one key in one TPM', {
  make: command({
    brief: 'encrypt a secret so that only the TPM of an endorsement key opens it, for one key in it; needs no TPM',
    examples: [['thymus tpm credential make --ek ek.pub --name HEX --secret secret.bin --to challenge', '']],
    parameters: {
      flags: {
        ek: needed(text, 'FILE', 'the endorsement key, as thymus tpm ek --area writes it'),
        name: needed(hex, 'HEX', 'of the key, as thymus tpm key show has it'),
        secret: needed(text, 'FILE|-', 'at most 32 bytes'),
        to: needed(text, 'FILE', 'where it goes; tpm2_activatecredential reads it too'),
      },
    },
    load: async () => (await import('./credential.ts')).make,
  }),
  activate: command({
    brief: 'open what was made for a key in this TPM',
    examples: [['thymus tpm credential activate --key ak.pem challenge', 'prints the secret']],
    operands: 'FILE',
    parameters: {
      flags: {
        key: keyFlag,
        ek: {
          kind: 'enum',
          values: ENDORSEMENT_KINDS,
          default: 'p256',
          brief: 'which endorsement key it was made for; p256 where it is left out',
        },
        to,
        ...secret,
        ...tpm,
      },
      positional: one(text, 'FILE', 'the credential'),
    },
    load: async () => (await import('./credential.ts')).activate,
  }),
})

export const lockout = group('the lockout after too many wrong passwords', {
  show: command({
    brief: 'how many were wrong, and what happens then',
    examples: [['thymus tpm lockout show', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./info.ts')).showLockout,
  }),
  reset: command({
    brief: 'forgive them',
    examples: [['thymus tpm lockout reset --auth file:lockout-password', '']],
    parameters: {
      flags: { ...trust, auth: given(secretSource, 'file:PATH|env:NAME', 'the lockout password, where there is one'), ...tpm },
    },
    load: async () => (await import('./info.ts')).resetLockout,
  }),
})

export const handle = group('what is loaded in the TPM or kept by it', {
  list: command({
    brief: 'objects and sessions',
    examples: [['thymus tpm handle list', '']],
    parameters: { flags: shown, aliases },
    load: async () => (await import('./info.ts')).listHandles,
  }),
  flush: command({
    brief: 'throw out all objects and sessions, whosoever they are; what is kept stays',
    examples: [['thymus tpm handle flush --tpm /dev/tpm0', 'after another program left its own behind']],
    parameters: { flags: tpm },
    load: async () => (await import('./info.ts')).flushHandles,
  }),
})
