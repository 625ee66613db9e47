// `thymus boot VERB`: what this machine's firmware, or another's, would start.
import { command, group } from './command.ts'
import { given, many, o, output } from './flags.ts'
import { text } from './parameters.ts'

const lists = 'lists of EFI signatures, as efivarfs has them, or certificates in PEM or DER'

export const boot = group('what firmware would start', {
  verify: command({
    brief: 'would Secure Boot start this image? its signatures and hash held to db and dbx, its generations to a level of SBAT',
    examples: [
      ['thymus boot verify /boot/efi/EFI/debian/*.efi', "held to this machine's own db, dbx and level"],
      ['thymus boot verify --db ours.pem --dbx dbx.esl linux.efi', 'held to what another machine has'],
    ],
    operands: 'IMAGE...',
    parameters: {
      flags: {
        db: many(text, 'FILE', `what is allowed, in place of this machine's: ${lists}`),
        dbx: many(text, 'FILE', "what is forbidden, in place of this machine's; /dev/null: nothing"),
        sbat: given(text, 'FILE', "a level of shim's, in place of this machine's: lines as sbat,1,2025021800"),
        ...output,
      },
      aliases: o,
      positional: {
        kind: 'array',
        minimum: 1,
        parameter: { parse: text, placeholder: 'IMAGE', brief: 'a PE file: shim, a boot loader, a kernel, a unified kernel image' },
      },
    },
    more: 'The exit status is 2 where an image would not be started, and 3 where that cannot be told.',
    load: async () => (await import('./boot/verify.ts')).verify,
  }),
})
