// `thymus scan WHAT`: what a door would say, asked beforehand.
import { command, group } from './command.ts'
import { failOn, flag, many, o, one, output } from './flags.ts'
import { text } from './parameters.ts'
import { podSecurity } from './scan/level.ts'

export const scan = group('what would be refused if it were deployed', {
  manifests: command({
    brief: 'hold manifests of Kubernetes to Pod Security, built-in packs and Gatekeeper policies; needs no cluster and no agent',
    examples: [
      ['thymus scan manifests deploy/', 'every YAML and JSON file of a folder'],
      ['helm template CHART | thymus scan manifests -', 'what a chart would deploy'],
      ['thymus scan manifests --pod-security restricted deploy/', 'against a stricter standard'],
      ['thymus scan manifests --policy policies/ deploy/', 'your own templates and constraints too'],
      ['thymus scan manifests -o sarif=scan.sarif -o table deploy/', 'for code scanning, and for you'],
    ],
    operands: 'DIR|FILE|-',
    parameters: {
      flags: {
        'pod-security': {
          kind: 'parsed',
          parse: podSecurity,
          default: 'baseline:latest',
          placeholder: 'LEVEL[:VERSION]',
          brief: 'the Pod Security Standard, baseline:latest where it is left out; privileged allows everything',
        },
        pack: many(text, 'NAME', 'only these of the built-in packs'),
        'no-packs': flag('none of the built-in packs'),
        policy: many(text, 'PATH', 'a file or folder of ConstraintTemplates, constraints and ExpansionTemplates'),
        'fail-on': failOn,
        ...output,
      },
      aliases: o,
      positional: one(text, 'DIR|FILE|-', 'of manifests; - is stdin'),
    },
    more: 'The exit status is 3 where something could not be judged and nothing else is severe enough.',
    load: async () => (await import('./scan/manifests.ts')).manifests,
  }),
})
