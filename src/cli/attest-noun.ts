// `thymus attest VERB`: what does this machine run on, and did it boot what it should have?
import { command, group } from './command.ts'
import { flag, given, many, needed, o, one, output } from './flags.ts'
import { assignment, duration, instant, nonce, text, whole } from './parameters.ts'
import { tpm, trust } from './tpm/flags.ts'

const about = given(text, 'NAME', 'who presents it, where the evidence does not say so; the name of the file where it is left out')
const time = given(instant, 'TIME', 'judge as at this time (RFC 3339); now where it is left out')
const { pin: _, ...authorities } = trust
const held = {
  policy: many(text, 'PATH', 'modules in Rego that decide, in place of the default; docs/attestation.md says what they are asked'),
  reference: given(text, 'FILE', 'what the evidence should say'),
  nonce: given(nonce, 'HEX', 'the challenge that the evidence has to answer'),
  about,
  known: given(text, 'DIR', 'what is kept of attestation keys from one verification to the next: their counters may not go back'),
  ...{ ...authorities, time },
  'valid-for': given(duration, 'TIME', 'how long the result may be used; 10m where it is left out'),
} as const
const update = needed(text, 'NAME', 'what the update is called, as linux-6.1.0-56')
const referenceFile = one(text, 'FILE|-', 'a reference, as thymus attest record writes it')
const bundle = one(text, 'FILE|-', 'evidence, as thymus attest collect -o json writes it, or in a form of others')

export const attest = group('what a machine runs on: TPM, boot, confidential guests; evidence collected and appraised', {
  collect: command({
    brief: 'what this machine can present about itself',
    examples: [
      [
        'sudo thymus attest collect --nonce 00112233445566778899aabbccddeeff -o json=bundle.json -o table',
        'into a file; the table says what is in it',
      ],
      ['sudo thymus attest collect -o json | thymus attest verify -', ''],
    ],
    parameters: {
      flags: {
        nonce: given(nonce, 'HEX', 'a challenge of 8 to 32 bytes, which a quote or a report then answers'),
        tpm: tpm.tpm,
        about: given(text, 'NAME', 'what this machine is called; its host name where it is left out'),
        endorsement: flag('with the endorsement keys of the TPM and their certificates, which thymus attest challenge takes'),
        ...output,
      },
      aliases: o,
    },
    more: 'What is not there is said with its reason. The exit status is 3 where there is nothing at all.',
    load: async () => (await import('./attest/collect.ts')).collect,
  }),
  verify: command({
    brief: 'appraise evidence: every check, a status for each claim, and a result that others can rely on',
    examples: [
      ['thymus attest verify bundle.json --reference node-1.json --nonce 00112233445566778899aabbccddeeff', ''],
      [
        'thymus attest verify bundle.json --reference node-1.json --nonce 00112233445566778899aabbccddeeff --known keys',
        'a clock that goes back is found',
      ],
      ['thymus attest verify bundle.json --policy my.rego -o json', ''],
      ['thymus attest verify bundle.json --key signing.pem -o ear=result.jwt -o table', 'an EAT Attestation Result, signed'],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        ...held,
        key: given(text, 'FILE', 'a private key on P-256, P-384 or Ed25519, in PEM, that signs the result'),
        'ear-profile': {
          kind: 'enum',
          values: ['ietf', 'veraison'],
          default: 'ietf',
          brief: 'names of the claims: draft-ietf-rats-ear-04, or the profile of 2023 that Veraison and Trustee read',
        },
        'raw-evidence': flag('put the evidence itself into the result'),
        ...output,
      },
      aliases: o,
      positional: bundle,
    },
    more: '-o takes ear as well. The exit status is 0 if all is affirmed, 2 if something is contradicted or warned of, 3 if it cannot be told.',
    load: async () => (await import('./attest/verify.ts')).verify,
  }),
  record: command({
    brief: 'make a reference of evidence from a machine that is good: its key, its boot, its files',
    examples: [['thymus attest record bundle.json -o json=node-1.json -o table', 'what thymus attest verify --reference then takes']],
    operands: 'FILE|-',
    parameters: {
      flags: {
        vcpus: given(whole(1, 9999), 'NUMBER', 'processors of a virtual machine, on which its boot depends'),
        ...{ about, ...output },
      },
      aliases: o,
      positional: bundle,
    },
    more: 'Evidence of which a check fails is not recorded. The key is taken by hand, as it is shown; thymus attest challenge has its TPM prove it.',
    load: async () => (await import('./attest/record.ts')).record,
  }),
  challenge: command({
    brief: 'ask the TPM of a node to show that its attestation key lives in it',
    examples: [
      [
        'thymus attest challenge bundle.json --roots makers.pem --pending pending.json -o json=challenge.json -o table',
        'challenge.json goes to the node, pending.json stays here',
      ],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        ...authorities,
        pending: needed(text, 'FILE', 'where to remember what was asked, until it is answered; no secret is in it'),
        'valid-for': given(duration, 'TIME', 'how long it may be answered; 1h where it is left out'),
        time,
        ...output,
      },
      aliases: o,
      positional: one(text, 'FILE|-', 'evidence, as thymus attest collect --endorsement -o json writes it'),
    },
    more: 'The certificate of an endorsement key must lead to a root of a TPM maker that is known, or to an authority of --lab-ca.',
    load: async () => (await import('./attest/enroll.ts')).challenge,
  }),
  answer: command({
    brief: 'on the node: have the TPM open what only it can, while the attestation key is in it',
    examples: [['sudo thymus attest answer challenge.json -o json=answer.json -o table', '']],
    operands: 'FILE|-',
    parameters: {
      flags: { ...tpm, ...output },
      aliases: o,
      positional: one(text, 'FILE|-', 'a challenge, as thymus attest challenge -o json writes it'),
    },
    load: async () => (await import('./attest/enroll.ts')).answer,
  }),
  enroll: command({
    brief: 'take the answer, and put the key into the reference as that of the node',
    examples: [
      ['thymus attest enroll answer.json --pending pending.json --reference nodes.json -o json=nodes.json -o table', ''],
      ['thymus attest enroll answer.json --pending pending.json -o json=nodes.json', 'the first node'],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        pending: needed(text, 'FILE', 'what thymus attest challenge remembered; it is removed, so that no answer is taken twice'),
        reference: given(text, 'FILE', 'what the key is added to'),
        replace: flag('strike what contradicts it: another key of the node, another node with this TPM'),
        time,
        ...output,
      },
      aliases: o,
      positional: one(text, 'FILE|-', 'an answer, as thymus attest answer -o json writes it'),
    },
    load: async () => (await import('./attest/enroll.ts')).enroll,
  }),
  allow: command({
    brief: 'allow what an update changes in a boot, from its files, before any machine has booted them',
    examples: [
      [
        'thymus attest allow node-1.json --name linux-6.1.0-56 --kernel vmlinuz-6.1.0-56 --initrd initrd.img-6.1.0-56 --word 6.1.0-55=6.1.0-56 -o json=node-1.new.json',
        'a kernel whose release stands in its path',
      ],
      ['thymus attest allow node-1.json --name dbx-2025 --variable dbx=dbx.esl -o json=node-1.new.json', ''],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: {
        name: update,
        shim: given(text, 'FILE', 'a new shim'),
        grub: given(text, 'FILE', 'a new GRUB'),
        kernel: given(text, 'FILE', 'a new kernel'),
        uki: given(text, 'FILE', 'a new unified kernel image'),
        initrd: given(text, 'FILE', 'a new initrd'),
        file: many(assignment, 'PATH=FILE', 'a file that the boot loader reads, by its path or a part of it, as grub.cfg=FILE'),
        variable: many(assignment, 'NAME=FILE', 'all that PK, KEK, db, dbx or SbatLevel will hold'),
        word: many(assignment, 'OLD=NEW', 'what changes in commands of GRUB and in command lines'),
        ...output,
      },
      aliases: o,
      positional: referenceFile,
    },
    more: 'What was allowed stays so: machines have the update one after the other. thymus attest settle takes it back.',
    load: async () => (await import('./attest/allow.ts')).allow,
  }),
  settle: command({
    brief: 'take back what an update has replaced, once every machine has it',
    examples: [['thymus attest settle node-1.json --name linux-6.1.0-56 -o json=node-1.new.json', '']],
    operands: 'FILE|-',
    parameters: { flags: { name: update, ...output }, aliases: o, positional: referenceFile },
    load: async () => (await import('./attest/allow.ts')).settle,
  }),
  explain: command({
    brief: 'why evidence was appraised as it was: each check that did not pass, and how the boot differs, in words',
    examples: [['thymus attest explain bundle.json --reference node-1.json', '']],
    operands: 'FILE|-',
    parameters: { flags: { ...held, ...output }, aliases: o, positional: bundle },
    load: async () => (await import('./attest/explain.ts')).explain,
  }),
  show: command({
    brief: 'what evidence or a result says; nothing of it is verified, unless a key is given for a result',
    examples: [
      ['thymus attest show bundle.json', ''],
      ['thymus attest show result.jwt --key verifier.pem', 'a result that this key must have signed'],
    ],
    operands: 'FILE|-',
    parameters: {
      flags: { key: given(text, 'FILE', 'the public key of whoever issued a result, in PEM'), ...output },
      aliases: o,
      positional: one(text, 'FILE|-', 'evidence, or a result'),
    },
    load: async () => (await import('./attest/show.ts')).show,
  }),
})
