// `thymus NOUN VERB`: commands about the things that the agent holds.
import { SEVERITIES } from '../core/finding.ts'
import { command, group } from './command.ts'
import { flag, given, labels, mode, namespace, needed, o, one, output } from './flags.ts'
import { absolutePath, port, protocol, text, workloadName, workloadRef } from './parameters.ts'

export const policy = group('the policies that are in force', {
  list: command({
    brief: 'what is applied, its mode, and which workloads it selects',
    examples: [['thymus policy list', '']],
    parameters: { flags: output, aliases: o },
    load: async () => (await import('./commands/policy.ts')).list,
  }),
  delete: command({
    brief: 'take a policy out of force',
    examples: [['thymus policy delete NetworkPolicy/default/web', 'by the ID that policy list shows']],
    operands: 'ID',
    parameters: { flags: output, aliases: o, positional: one(text, 'ID', 'of a policy') },
    load: async () => (await import('./commands/policy.ts')).remove,
  }),
  why: command({
    brief: 'may this talk to that, run it, or be loaded? both ends asked, the rule named, and what would have to change',
    examples: [
      ['thymus policy why web db --port 5432', 'names of workloads, or addresses'],
      ['thymus policy why web 203.0.113.7 --port 53 --protocol udp', ''],
      ['thymus policy why web --bind --port 80', ''],
      ['thymus policy why web --exec /bin/sh', ''],
      ['thymus policy why --module drivers/net/dummy.ko', 'of the node'],
    ],
    operands: '[FROM] [TO]',
    parameters: {
      flags: {
        port: given(port, 'PORT', 'the port that is connected to or bound'),
        protocol: given(protocol, 'TCP|UDP|SCTP', 'TCP where it is left out'),
        bind: flag('ask whether FROM may take the port'),
        exec: given(absolutePath, 'PATH', 'ask whether FROM may run this file'),
        module: given(text, 'FILE|sha256:DIGEST', 'ask whether the node would load this kernel module'),
        ...output,
      },
      aliases: o,
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: text, placeholder: 'FROM', brief: 'a workload or an address', optional: true },
          { parse: text, placeholder: 'TO', brief: 'a workload or an address', optional: true },
        ],
      },
    },
    more: 'The exit status is 3 where it cannot be told.',
    load: async () => (await import('./commands/policy.ts')).why,
  }),
  diff: command({
    brief: 'which answers a file would change: what the present workloads may talk to and run, and what may be loaded',
    examples: [['thymus policy diff -f policy.yaml --enforce', '']],
    parameters: {
      flags: {
        file: needed(text, 'FILE|-', 'what apply would be given'),
        enforce: flag('as apply takes it'),
        shadow: flag('as apply takes it'),
        observe: flag('as apply takes it'),
        ...output,
      },
      aliases: { f: 'file', ...o },
    },
    load: async () => (await import('./commands/policy.ts')).diff,
  }),
})

export const flow = group('who talks to whom', {
  list: command({
    brief: 'connections of the workloads: open, closed, denied and would be denied',
    examples: [['thymus flow list', '']],
    parameters: { flags: output, aliases: o },
    load: async () => (await import('./commands/flow.ts')).list,
  }),
})

export const event = group('what the kernel sees', {
  tail: command({
    brief: 'events as they happen, with their process, workload and ruling',
    examples: [
      ['thymus event tail', ''],
      ['thymus event tail --type exec --workload web', ''],
      ['thymus event tail --no-follow -o ndjson', 'what is remembered, for programs'],
    ],
    parameters: {
      flags: {
        type: given(text, 'TYPE', 'only events of this type'),
        workload: given(workloadRef, 'WORKLOAD', 'only events of this one'),
        'no-follow': flag('end with what is remembered'),
        ...output,
      },
      aliases: o,
    },
    load: async () => (await import('./commands/event.ts')).tail,
  }),
})

export const decision = group('what policies denied, or would have', {
  list: command({
    brief: 'how often what was denied, or would have been, and by which line; the newest first',
    examples: [['thymus decision list', 'also of policies that only observe: what would break if they were enforced?']],
    parameters: { flags: output, aliases: o },
    load: async () => (await import('./commands/decision.ts')).list,
  }),
})

export const finding = group('what somebody should look at', {
  list: command({
    brief: 'findings, the newest last',
    examples: [
      ['thymus finding list', ''],
      ['thymus finding list --fail-on high', 'exit status 2 if there is one at least that severe'],
    ],
    parameters: {
      flags: {
        severity: { kind: 'enum', values: SEVERITIES, optional: true, brief: 'only those at least this severe' },
        'fail-on': { kind: 'enum', values: SEVERITIES, optional: true, brief: 'exit with 2 if one is at least this severe' },
        ...output,
      },
      aliases: o,
    },
    load: async () => (await import('./commands/finding.ts')).list,
  }),
})

export const workload = group('what policy speaks about', {
  list: command({
    brief: 'workloads with their labels, mode and processes',
    examples: [['thymus workload list', '']],
    parameters: { flags: output, aliases: o },
    load: async () => (await import('./commands/workload.ts')).list,
  }),
  show: command({
    brief: 'one workload, and the policies that select it',
    examples: [['thymus workload show web', '']],
    operands: 'WORKLOAD',
    parameters: { flags: output, aliases: o, positional: one(workloadRef, 'WORKLOAD', 'NAME or NAMESPACE/NAME') },
    load: async () => (await import('./commands/workload.ts')).show,
  }),
  adopt: command({
    brief: 'take a running control group as a workload, its sockets included',
    examples: [['thymus workload adopt --cgroup /system.slice/nginx.service --label app=web', '']],
    parameters: {
      flags: {
        cgroup: needed(text, 'PATH', 'below the unified hierarchy, or from the root of the file system'),
        name: given(workloadName, 'NAME', 'without it, made from the name of the group'),
        namespace,
        label: labels,
        mode,
        ...output,
      },
      aliases: o,
    },
    load: async () => (await import('./commands/workload.ts')).adopt,
  }),
  remove: command({
    brief: 'let go of a workload; its processes go on, unwatched',
    examples: [['thymus workload remove web', '']],
    operands: 'WORKLOAD',
    parameters: { positional: one(workloadRef, 'WORKLOAD', 'NAME or NAMESPACE/NAME') },
    load: async () => (await import('./commands/workload.ts')).remove,
  }),
})
