// `thymus admission VERB`: may this be deployed?
import { command, group } from './command.ts'
import { given, o, output } from './flags.ts'
import { text } from './parameters.ts'

/** As templates name them. */
const ENGINES = ['K8sNativeValidation', 'Rego'] as const

export const admission = group('may this be deployed? Gatekeeper templates, Pod Security, Kubernetes policies', {
  verify: command({
    brief: 'run the suites of templates, as gator verify does',
    examples: [
      ['thymus admission verify policies/...', 'every suite below a folder'],
      ["thymus admission verify suite.yaml --run 'repos//disallowed'", 'tests and cases by name'],
    ],
    operands: 'PATH...',
    parameters: {
      flags: {
        run: given(text, 'REGEX[//REGEX]', 'only tests, and cases, with such names'),
        engine: {
          kind: 'enum',
          values: ENGINES,
          variadic: true,
          optional: true,
          brief: 'ask this one; without it the first that a template has code for',
        },
        ...output,
      },
      aliases: o,
      positional: {
        kind: 'array',
        minimum: 1,
        parameter: { parse: text, placeholder: 'PATH', brief: 'a suite, a folder, or a folder and /... for all below it' },
      },
    },
    more: 'The exit status is 1 if a case failed.',
    load: async () => (await import('./admission/verify.ts')).verify,
  }),
})
