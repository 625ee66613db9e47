// `thymus module VERB`: who signed kernel modules, and what this node would load.
import { command, group } from './command.ts'
import { flag, given, many, o, output, withDefault } from './flags.ts'
import { text } from './parameters.ts'

const key = many(text, 'FILE', 'certificates whose signatures are trusted, in PEM or DER')
const revoked = many(text, 'FILE', 'what signs nothing any more: certificates, lines of tbs: and bin: with a hash, or a dbx of UEFI')
const folder = given(text, 'DIR', 'where modules lie; /lib/modules and the release of the kernel where it is left out')

export const module = group('kernel modules and their signatures', {
  list: command({
    brief: 'every loaded module: who signed it, and whether this node would load it again',
    examples: [
      ['thymus module list', 'those that are loaded'],
      ['thymus module list --all --key signing.pem', 'those that could be loaded too'],
    ],
    parameters: {
      flags: {
        all: flag('every module of the folder, loaded or not'),
        folder,
        key,
        revoked,
        ...output,
      },
      aliases: { k: 'key', ...o },
    },
    more: 'The exit status is 2 where one is wrongly signed, or by a key that is revoked.',
    load: async () => (await import('./module/list.ts')).list,
  }),
  verify: command({
    brief: 'was this file signed by a key that is trusted? nothing is loaded',
    examples: [['thymus module verify --key signing.pem drivers/net/dummy.ko', 'packed ones too']],
    operands: 'FILE...',
    parameters: {
      flags: { key, revoked, ...output },
      aliases: { k: 'key', ...o },
      positional: {
        kind: 'array',
        minimum: 1,
        parameter: { parse: text, placeholder: 'FILE', brief: 'a module: .ko, .ko.gz, .ko.zst or .ko.xz' },
      },
    },
    more: 'The exit status is 2 where it is unsigned, wrongly signed or revoked, and 3 where only its signer’s key could tell.',
    load: async () => (await import('./module/verify.ts')).verify,
  }),
  policy: command({
    brief: 'a NodePolicy that allows the modules that these keys signed, by their digest, and denies all others',
    examples: [['thymus module policy --key signing.pem > modules.yaml && thymus apply -f modules.yaml --enforce', '']],
    parameters: {
      flags: {
        name: withDefault(text, 'modules', 'NAME', 'of the policy'),
        folder,
        key,
        revoked,
      },
      aliases: { k: 'key' },
    },
    more: 'Where the kernel admits LSM programs. After an update of the kernel it is another policy.',
    load: async () => (await import('./module/policy.ts')).policy,
  }),
})
