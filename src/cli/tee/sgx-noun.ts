// `thymus tee sgx VERB`: enclaves of Intel SGX.
import { command, group } from '../command.ts'
import { many, one, withDefault } from '../flags.ts'
import { absolutePath, assignment, text, whole } from '../parameters.ts'

export const sgx = group('enclaves of Intel SGX: run a program in one, and know what its quotes must say', {
  manifest: command({
    brief: 'the manifest by which Gramine runs a program in an enclave, on standard output',
    examples: [
      [
        'thymus tee sgx manifest --trust /usr/lib/x86_64-linux-gnu --trust /srv/app /usr/bin/node /srv/app/main.js > app.manifest.template',
        '',
      ],
      ['gramine-manifest app.manifest.template app.manifest', 'then sign it with gramine-sgx-sign'],
    ],
    operands: 'PROGRAM [ARGUMENT...]',
    parameters: {
      flags: {
        trust: many(absolutePath, 'PATH', 'a file, or all files of a folder, that the program may read; the program is one'),
        env: many(assignment, 'NAME=VALUE', 'a variable of its environment; none of the host’s is passed on'),
        'enclave-size': withDefault(whole(1, 1 << 20), '1024', 'MIB', 'a power of two'),
        'max-threads': withDefault(whole(1, 4096), '16', 'N', 'of the program and of Gramine'),
        'isv-prod-id': withDefault(whole(0, 0xffff), '0', 'N', 'which of its author’s programs it is'),
        'isv-svn': withDefault(whole(0, 0xffff), '0', 'N', 'its security version, to be raised when a hole is mended'),
      },
      aliases: {},
      positional: { kind: 'array', minimum: 1, parameter: { parse: text, placeholder: 'WORD', brief: 'the program, and its arguments' } },
    },
    more: 'Nothing is passed on from the host: what is not trusted is not there. Files go by their digest: make it anew when one changes.',
    load: async () => (await import('./sgx-manifest.ts')).manifest,
  }),
  measure: command({
    brief: 'what quotes of a signed enclave must say: MRENCLAVE, MRSIGNER, product and security version',
    examples: [['thymus tee sgx measure app.sig', 'as gramine-sgx-sign writes it']],
    operands: 'FILE',
    parameters: { flags: {}, positional: one(text, 'FILE', 'a SIGSTRUCT') },
    more: 'The exit status is 2 where the signature is not that of the key in it.',
    load: async () => (await import('./sgx-measure.ts')).measure,
  }),
})
