// `thymus admission VERB`: may this be deployed?
import { command, group } from './command.ts'
import { failOn, flag, given, many, o, output } from './flags.ts'
import { namespaceName, text } from './parameters.ts'

/** As templates name them. */
const ENGINES = ['K8sNativeValidation', 'Rego'] as const

const cluster = {
  kubeconfig: given(text, 'FILE', 'how to reach the API server of a cluster'),
  'in-cluster': flag('the cluster that this runs in, by its service account'),
} as const
const failMode = {
  kind: 'enum',
  values: ['fail', 'ignore'],
  default: 'fail',
  brief: 'what becomes of a request without a judgement: refused, or allowed',
} as const
const name = {
  kind: 'parsed',
  parse: text,
  default: 'thymus',
  placeholder: 'NAME',
  brief: 'of the webhook configurations; thymus where it is left out',
} as const

function seconds(input: string): number {
  const value = /^\d{1,2}$/.test(input) ? Number(input) : 0
  if (value < 1 || value > 30) throw new SyntaxError(`${JSON.stringify(input)} is no number from 1 to 30`)
  return value
}

function threads(input: string): number {
  if (!/^[1-9]\d?$/.test(input)) throw new SyntaxError(`${JSON.stringify(input)} is no number from 1 to 99`)
  return Number(input)
}

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
  serve: command({
    brief: 'the webhook that an API server asks, in the foreground',
    examples: [
      ['thymus admission serve --policy policies/ --certificates certs/ --kubeconfig ~/.kube/config', 'beside a cluster, to try it'],
      ['thymus admission serve --policy policies/ --certificates certs/ --no-cluster', 'without one: ask it with curl'],
      ['thymus admission serve --policy cluster --in-cluster --cert tls.crt --key tls.key', 'policies of Gatekeeper, from the cluster'],
    ],
    parameters: {
      flags: {
        policy: {
          kind: 'parsed',
          parse: text,
          variadic: true,
          placeholder: 'PATH',
          brief: 'file or folder of policies, read again when it changes; cluster: those of Gatekeeper in the cluster',
        },
        listen: {
          kind: 'parsed',
          parse: text,
          default: '127.0.0.1:8443',
          placeholder: 'HOST:PORT',
          brief: 'where to listen; 127.0.0.1:8443 where it is left out',
        },
        certificates: given(text, 'FOLDER', 'keep certificates of our own there'),
        host: many(text, 'HOST', 'names that they are for'),
        cert: given(text, 'FILE', 'a certificate that somebody else renews'),
        key: given(text, 'FILE', 'its key'),
        ca: given(text, 'FILE', 'its authorities, to be told to the cluster'),
        ...cluster,
        'no-cluster': flag('none: objects among the policies are all that is known'),
        'fail-mode': failMode,
        mutate: flag('apply mutators to what is asked at /v1/mutate'),
        'pod-security': given(text, 'FILE|off', 'a PodSecurityConfiguration; without one, the labels of namespaces alone'),
        'decision-log': given(text, 'FILE|console', 'one line of JSON for each decision'),
        mask: many(text, '/POINTER', 'what of a request is not logged, as /object/spec/env'),
        name,
        threads: given(threads, 'NUMBER', 'judgements at a time'),
      },
    },
    more: 'Figures are at /metrics, health at /healthz and /readyz. SIGHUP reads policies again, SIGTERM or Ctrl-C ends it.',
    load: async () => (await import('./admission/serve.ts')).serve,
  }),
  audit: command({
    brief: 'what is in a cluster already, and would not be let in now',
    examples: [
      ['thymus admission audit --policy policies/', 'by your policies and Pod Security, in the cluster of kubectl'],
      ['thymus admission audit --policy cluster -o json', 'by the policies of Gatekeeper there'],
    ],
    parameters: {
      flags: {
        ...cluster,
        policy: many(text, 'PATH', 'file or folder of policies; cluster: those of Gatekeeper in the cluster'),
        'pod-security': given(text, 'FILE|off', 'a PodSecurityConfiguration; without one, the labels of namespaces alone'),
        'fail-on': failOn,
        ...output,
      },
      aliases: o,
    },
    more: 'The exit status is 3 where something could not be judged and nothing else is severe enough.',
    load: async () => (await import('./admission/audit.ts')).audit,
  }),
  install: command({
    brief: 'tell a cluster to ask the webhook',
    examples: [
      [
        'thymus admission install --kubeconfig FILE --url https://192.0.2.7:8443 --ca certs/authorities.pem',
        'one that runs beside the cluster',
      ],
      ['thymus admission install --kubeconfig FILE', 'one in it, as deploy/admission has it'],
      ['thymus admission install --dry-run', 'only show what would be applied'],
    ],
    parameters: {
      flags: {
        ...cluster,
        url: given(text, 'URL', 'where the webhook listens, outside of the cluster'),
        service: {
          kind: 'parsed',
          parse: text,
          default: 'thymus/thymus-admission',
          placeholder: 'NAMESPACE/NAME[:PORT]',
          brief: 'the Service that it is behind; thymus/thymus-admission where it is left out',
        },
        ca: given(text, 'FILE', 'authorities of its certificate; without it the webhook tells them itself'),
        name,
        'fail-mode': { ...failMode, brief: 'what the cluster does without an answer' },
        timeout: given(seconds, 'SECONDS', 'to wait for an answer, 1 to 30; 3 where it is left out'),
        mutate: flag('ask for mutations too'),
        deletes: flag('ask about deletions too; rules that do not look at the operation then refuse these as well'),
        'exempt-namespace': many(
          namespaceName,
          'NAME',
          'never ask about this one; kube-system and that of the service are always left out',
        ),
        'exempt-label': given(text, 'KEY', 'nor about namespaces with this label'),
        'dry-run': flag('print the configurations; a cluster that is named checks them'),
      },
    },
    load: async () => (await import('./admission/install.ts')).install,
  }),
})
