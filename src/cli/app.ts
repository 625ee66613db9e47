// The command line: every command with its flags, its examples and where its code is (nouns.ts: those of `thymus NOUN VERB`). No command
// is loaded before it is called: `thymus --help` reads descriptions alone.
import { buildApplication } from '@stricli/core'
import { readPlace } from '../layers/hardware/tpm/place.ts'
import { admission } from './admission-noun.ts'
import { attest } from './attest-noun.ts'
import { boot } from './boot-noun.ts'
import { type Context, command, group } from './command.ts'
import { failureStatus } from './failure.ts'
import { color, flag, given, labels, many, mode, namespace, needed, o, one, output } from './flags.ts'
import { columns, commandRows, type Entry, sections } from './help.ts'
import { ima } from './ima-noun.ts'
import { module } from './module-noun.ts'
import { decision, event, finding, flow, policy, workload } from './nouns.ts'
import { duration, runPcr, text, workloadName } from './parameters.ts'
import { rego } from './rego-noun.ts'
import { scan } from './scan-noun.ts'
import { tee } from './tee-noun.ts'
import { tpm } from './tpm-noun.ts'
import { WORDS } from './words.ts'

const up = command({
  brief: 'start the agent in the background, and show the board',
  examples: [
    ['thymus up', 'start it; if it runs, just the board'],
    ['sudo thymus up', 'with the kernel: groups are watched and policies enforced'],
    ['thymus down --purge', 'and this undoes it all'],
  ],
  parameters: { flags: output, aliases: o },
  load: async () => (await import('./commands/up.ts')).up,
})

const down = command({
  brief: 'stop the agent; verdicts stay in force until --purge',
  examples: [
    ['thymus down', 'stop reading and judging; the kernel goes on denying'],
    ['thymus down --purge', 'leave the machine as it was before the first up'],
  ],
  parameters: { flags: { purge: flag('remove programs, maps, groups, namespaces and files too') } },
  load: async () => (await import('./commands/down.ts')).down,
})

const run = command({
  brief: 'start a command as a workload, with identity and policy in place before its first instruction',
  examples: [
    ['thymus run --name web --label app=web -- python3 -m http.server 8080', ''],
    ['thymus run --name db --label app=db --netns -- ./db', 'in a network of its own'],
    ['thymus run --name job --policy job.yaml -- ./job', 'without privilege: the command restricts itself'],
    ['thymus run --name db --measured --programs signed.json --key ours.pem -- ./db', 'only what is signed, and proved by the TPM'],
  ],
  operands: '-- CMD...',
  parameters: {
    flags: {
      name: needed(workloadName, 'NAME', 'unique in its namespace'),
      namespace,
      label: labels,
      mode,
      netns: flag('give it a network namespace of its own'),
      policy: many(text, 'FILE', 'policies for a workload that restricts itself; without it, those that were applied'),
      measured: flag('verify the program, extend a PCR with what it is, and only then start it'),
      programs: given(text, 'FILE', 'which programs --measured starts: a runtime policy of Keylime, or lines as sha256sum prints them'),
      key: many(text, 'FILE', 'keys or certificates, one of which must have signed --programs'),
      tpm: given(readPlace, 'PLACE', 'of the TPM: /dev/tpmrm0 where it is left out; another device, unix:PATH or swtpm:HOST:PORT'),
      pcr: given(runPcr, 'PCR', 'that is extended, 8 to 15; 13 where it is left out'),
    },
    positional: { kind: 'array', minimum: 1, parameter: { parse: String, placeholder: 'CMD', brief: 'the command and its arguments' } },
  },
  more: 'The exit status is that of the command, or 128 and its signal.',
  load: async () => (await import('./commands/run.ts')).run,
})

const apply = command({
  brief: 'put the policies of a file in force, all of them or none',
  examples: [
    ['thymus apply -f policy.yaml', 'in the mode that each names; observe where none is named'],
    ['thymus apply -f policy.yaml --enforce --confirm-within 60s', 'undone in a minute, unless you then type'],
    ['thymus apply --confirm', ''],
    ['thymus apply -f policy.yaml --dry-run', 'only check, and show what would be selected'],
  ],
  parameters: {
    flags: {
      file: given(text, 'FILE|-', 'NetworkPolicy, WorkloadPolicy, NodePolicy and Namespace documents in YAML or JSON'),
      enforce: flag('deny, whatever the file says'),
      shadow: flag('report what would be denied'),
      observe: flag('only count'),
      'confirm-within': given(duration, 'TIME', 'roll back after this time unless confirmed'),
      'dry-run': flag('change nothing'),
      confirm: flag('keep the change that waits'),
      rollback: flag('undo the change that waits'),
      ...output,
    },
    aliases: { f: 'file', ...o },
  },
  load: async () => (await import('./commands/apply.ts')).apply,
})

const status = command({
  brief: 'the board: what each of the seven layers knows, and how strongly it can act here',
  examples: [
    ['thymus status', ''],
    ['thymus status -o json', 'for programs'],
  ],
  parameters: { flags: output, aliases: o },
  load: async () => (await import('./commands/status.ts')).status,
})

const explain = command({
  brief: 'what happened and why: the evidence, the rule, its line in the file, and what would have to change',
  examples: [
    ['thymus explain F-12', 'a finding or a policy, by the ID that a list shows'],
    ['thymus explain POLICY_FIELD', 'a code; no agent is asked'],
  ],
  operands: 'ID',
  parameters: { flags: output, aliases: o, positional: one(text, 'ID', 'of a finding or a policy, or a code') },
  load: async () => (await import('./commands/explain.ts')).explain,
})

const demo = command({
  brief: 'the story in acts: each a command that you could type, its real output, and undone at its end',
  examples: [
    ['thymus demo', 'all acts'],
    ['thymus demo 2', 'one of them'],
  ],
  operands: '[ACT]',
  parameters: {
    flags: { color },
    positional: { kind: 'tuple', parameters: [{ parse: text, placeholder: 'ACT', brief: 'number of an act', optional: true }] },
  },
  load: async () => (await import('./demo/demo.ts')).demo,
})

const doctor = command({
  brief: 'what this machine allows, each thing tried: ok, missing or refused, why, the cure, and what goes without it',
  examples: [
    ['thymus doctor', ''],
    ['sudo thymus doctor', 'what root may do is tried as root'],
    ['thymus doctor -o json', ''],
  ],
  parameters: { flags: output, aliases: o },
  load: async () => (await import('./commands/doctor.ts')).doctor,
})

const record = command({
  brief: 'write what the kernel says into a file that can be replayed',
  examples: [
    ['thymus record web.rec', 'until'],
    ['thymus record --stop', ''],
  ],
  operands: 'NAME',
  parameters: {
    flags: { stop: flag('end the recording that is going on') },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, placeholder: 'NAME', brief: 'of a file in the state folder', optional: true }],
    },
  },
  load: async () => (await import('./commands/record.ts')).record,
})

const replay = command({
  brief: 'put a recording through the same pipeline; needs no privilege and no agent',
  examples: [
    ['thymus replay web.rec', 'what was found'],
    ['thymus replay web.rec --flows', 'who talked to whom, and which rule said so'],
  ],
  operands: 'FILE',
  parameters: {
    flags: { flows: flag('show who talked to whom, instead of what was found'), ...output },
    aliases: o,
    positional: one(text, 'FILE', 'made by thymus record'),
  },
  load: async () => (await import('./commands/replay.ts')).replay,
})

const completion = command({
  brief: 'the completion script of a shell',
  examples: [
    ['source <(thymus completion bash)', ''],
    ['thymus completion fish > ~/.config/fish/completions/thymus.fish', ''],
  ],
  operands: 'bash|zsh|fish',
  parameters: { positional: one(text, 'SHELL', 'bash, zsh or fish') },
  load: async () => (await import('./commands/completion.ts')).completion,
})

const complete = command({
  brief: 'what could come next; called by the completion scripts',
  examples: [],
  parameters: { positional: { kind: 'array', parameter: { parse: String, placeholder: 'WORD', brief: 'what is typed so far' } } },
  load: async () => (await import('./commands/completion.ts')).complete,
})

const routes = {
  up,
  down,
  status,
  run,
  apply,
  explain,
  doctor,
  demo,
  policy,
  workload,
  flow,
  event,
  decision,
  finding,
  record,
  replay,
  rego,
  admission,
  attest,
  scan,
  boot,
  ima,
  module,
  tee,
  tpm,
  completion,
  complete,
}
const root = group('an immune system for Linux hosts', routes, { hidden: ['complete'], help: rootHelp })

export const app = buildApplication<Context>(root, {
  name: 'thymus',
  versionInfo: { getCurrentVersion: async () => (await import('./version.ts')).version() },
  scanner: {
    caseStyle: 'original',
    allowArgumentEscapeSequence: true,
    distanceOptions: { threshold: 2, weights: { insertion: 1, deletion: 1, substitution: 1, transposition: 1 } },
  },
  documentation: { caseStyle: 'original', disableAnsiColor: true },
  localization: { text: WORDS },
  determineExitCode: failureStatus,
})

function rootHelp(entries: readonly Entry[]): string {
  return sections([
    ['thymus: an immune system for Linux hosts', []],
    [
      'Examples',
      columns([
        ['thymus up', 'start the agent, and see the board'],
        ['thymus run --name web --label app=web -- CMD', 'start a command as a workload'],
        ['thymus apply -f policy.yaml --enforce --confirm-within 60s', 'put a policy in force, with a way back'],
        ['thymus policy why web db --port 5432', 'may this talk to that, and why'],
        ['thymus event tail', 'see what workloads do'],
        ['thymus down --purge', 'undo everything'],
      ]),
    ],
    ['Commands', columns(commandRows([], entries))],
    [
      'Flags',
      columns([
        ['-h, --help', 'also of each command: thymus run --help'],
        ['-v, --version', ''],
      ]),
    ],
    [
      'Exit status',
      ['0 ok, 1 error, 2 findings at or over --fail-on, 3 could not determine, 64 usage, 77 missing privilege, 130 interrupted'],
    ],
  ])
}
