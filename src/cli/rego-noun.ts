// `thymus rego VERB`: the engine by itself, in the manner of opa.
import { command, group } from './command.ts'
import { flag, given, many, one } from './flags.ts'
import { duration, text } from './parameters.ts'
import { capabilities, modules, net, question, SIGNING, schema } from './rego/flags.ts'

const D = { d: 'data' } as const
const format = { kind: 'enum', values: ['pretty', 'json'], default: 'pretty', brief: 'for people or for programs' } as const
const paths = { kind: 'array', parameter: { parse: text, placeholder: 'PATH', brief: 'a module, a document or a folder of both' } } as const
const somePaths = { ...paths, minimum: 1 } as const

function count(input: string): number {
  if (!/^\d{1,6}$/.test(input)) throw new SyntaxError(`${JSON.stringify(input)} is not a number`)
  return Number(input)
}

function percent(input: string): number {
  const value = /^\d{1,3}(?:\.\d{1,9})?$/.test(input) ? Number(input) : Number.NaN
  if (!(value <= 100)) throw new SyntaxError(`${JSON.stringify(input)} is not a number from 0 to 100`)
  return value
}

function size(input: string): number {
  if (!/^[1-9]\d{0,9}$/.test(input)) throw new SyntaxError(`${JSON.stringify(input)} is no number above 0`)
  return Number(input)
}

export const rego = group('the policy language of OPA, by itself', {
  eval: command({
    brief: 'the answer to a query',
    examples: [
      ["thymus rego eval -d policy.rego -i input.json 'data.authz.allow'", ''],
      ["thymus rego eval -f pretty 'x := [1, 2][_]'", 'as a table'],
    ],
    operands: 'QUERY',
    parameters: {
      flags: {
        ...modules,
        ...question,
        ...net,
        format: {
          kind: 'enum',
          values: ['json', 'pretty', 'raw', 'values', 'bindings', 'discard'],
          default: 'json',
          brief: 'of the answer',
        },
        package: given(text, 'PACKAGE', 'whose rules the query names without a path'),
        import: many(text, 'PATH', 'as after `import` in a module'),
        fail: flag('exit with status 1 where there is no answer'),
        'fail-defined': flag('exit with status 1 where there is an answer'),
        'strict-builtin-errors': flag('the error of a builtin ends the evaluation'),
        schema,
        capabilities,
        stdin: flag('read the query from stdin'),
        coverage: flag('report which lines of the modules were reached'),
        strict: flag('unused variables, imports and more are faults'),
      },
      aliases: { ...D, i: 'input', I: 'stdin-input', f: 'format', s: 'schema', S: 'strict' },
      positional: { kind: 'tuple', parameters: [{ parse: text, placeholder: 'QUERY', brief: 'in Rego', optional: true }] },
    },
    more: 'The exit status is 2 for an error.',
    load: async () => (await import('./rego/eval.ts')).evaluate,
  }),
  check: command({
    brief: 'what is wrong with modules, each fault with its place',
    examples: [
      ['thymus rego check --strict policies/', ''],
      ['thymus rego check --schema input.json policies/', 'what they read of the input must be in its schema'],
    ],
    operands: 'PATH...',
    parameters: {
      flags: {
        'v0-compatible': modules['v0-compatible'],
        format,
        strict: flag('unused variables, imports and more are faults too'),
        schema,
        capabilities,
        'v0-v1': flag('modules must be Rego v0 and v1 at once'),
        'max-errors': given(count, 'NUMBER', 'stop after so many; 10 where it is left out'),
      },
      aliases: { f: 'format', S: 'strict', m: 'max-errors', s: 'schema' },
      positional: somePaths,
    },
    load: async () => (await import('./rego/check.ts')).check,
  }),
  test: command({
    brief: 'run the rules that are named test_…',
    examples: [
      ['thymus rego test policies/', ''],
      ['thymus rego test --coverage --threshold 80 policies/', 'fails below 80 percent'],
      ['thymus rego test -v --run denied policies/', 'those whose name has it, all results'],
    ],
    operands: 'PATH...',
    parameters: {
      flags: {
        'v0-compatible': modules['v0-compatible'],
        format,
        verbose: flag('show what passed too'),
        run: given(text, 'REGEX', 'only tests whose path it matches'),
        coverage: flag('report which lines were reached, as JSON'),
        ...net,
        capabilities,
        threshold: given(percent, 'PERCENT', 'exit with status 2 where fewer lines were reached'),
        count: given(count, 'NUMBER', 'run each test so often'),
        timeout: given(duration, 'TIME', 'for each test; 5s where it is left out'),
        'exit-zero-on-skipped': flag('a test that is skipped is no failure'),
      },
      aliases: { f: 'format', v: 'verbose', r: 'run', c: 'coverage', z: 'exit-zero-on-skipped' },
      positional: somePaths,
    },
    more: 'The exit status is 2 where a test failed or was skipped.',
    load: async () => (await import('./rego/test.ts')).test,
  }),
  bench: command({
    brief: 'how long a query takes, evaluated over and over for a second',
    examples: [
      ['thymus rego bench -d policy.rego -i input.json data.authz.allow', ''],
      ['thymus rego bench -f json --count 3 -d policy.rego data.authz.allow', 'for programs, three times'],
    ],
    operands: 'QUERY',
    parameters: {
      flags: {
        ...modules,
        ...question,
        format: { kind: 'enum', values: ['pretty', 'json', 'gobench'], default: 'pretty', brief: 'of the figures' },
        package: given(text, 'PACKAGE', 'whose rules the query names without a path'),
        import: many(text, 'PATH', 'as after `import` in a module'),
        count: given(count, 'NUMBER', 'how often all of it is done'),
      },
      aliases: { ...D, i: 'input', I: 'stdin-input', f: 'format' },
      positional: one(text, 'QUERY', 'in Rego'),
    },
    more: 'The query is prepared and its input is read beforehand. Memory is not measured. The exit status is 1 where it is undefined.',
    load: async () => (await import('./rego/bench.ts')).bench,
  }),
  fmt: command({
    brief: 'modules in the one true format, byte for byte as opa fmt',
    examples: [
      ['thymus rego fmt -w policies/', 'in place'],
      ['thymus rego fmt -l --fail policies/', 'in a pipeline'],
    ],
    operands: '[PATH...]',
    parameters: {
      flags: {
        'v0-compatible': modules['v0-compatible'],
        'v0-v1': flag('from v0, for both versions'),
        'drop-v0-imports': flag('leave out imports that v1 does not need'),
        write: flag('change the files'),
        list: flag('only name the files that would change'),
        diff: flag('only show what would change'),
        fail: flag('exit with status 2 where a file would change'),
      },
      aliases: { w: 'write', l: 'list', d: 'diff' },
      positional: paths,
    },
    load: async () => (await import('./rego/fmt.ts')).fmt,
  }),
  parse: command({
    brief: 'the syntax tree of a module',
    examples: [['thymus rego parse -f json policy.rego', 'as opa has it in JSON']],
    operands: 'PATH',
    parameters: {
      flags: { 'v0-compatible': modules['v0-compatible'], format },
      aliases: { f: 'format' },
      positional: one(text, 'PATH', 'of a module'),
    },
    load: async () => (await import('./rego/parse.ts')).parse,
  }),
  explain: command({
    brief: 'why a decision came out as it did: which rule, which line, which input',
    examples: [['thymus rego explain -d policy.rego -i input.json data.authz.allow', '']],
    operands: 'PATH',
    parameters: {
      flags: { ...modules, ...question, format },
      aliases: { ...D, i: 'input', I: 'stdin-input', f: 'format' },
      positional: one(text, 'PATH', 'of a document that rules make, data.a.b'),
    },
    load: async () => (await import('./rego/explain.ts')).explain,
  }),
  serve: command({
    brief: "OPA's REST API: existing clients of OPA ask Thymus",
    examples: [
      ['thymus rego serve -d policies/', ''],
      ['thymus rego serve --addr unix:///run/opa.sock --decision-log decisions.jsonl -d policies/', 'on a socket, with a log of decisions'],
    ],
    parameters: {
      flags: {
        ...modules,
        addr: { kind: 'parsed', parse: text, default: 'localhost:8181', placeholder: 'ADDRESS', brief: 'HOST:PORT or unix://PATH' },
        bundle: many(text, 'PATH', 'a bundle: a folder, or an archive as opa build makes it'),
        'verification-key': given(text, 'FILE', 'the public key of bundles, in PEM; the secret itself for HS256 and the like'),
        'verification-key-id': {
          kind: 'parsed',
          parse: text,
          default: 'default',
          placeholder: 'NAME',
          brief: 'what a signature calls the key',
        },
        'signing-alg': { kind: 'enum', values: SIGNING, default: 'RS256', brief: 'the algorithm of the key' },
        scope: given(text, 'SCOPE', 'that a signature must be for'),
        'skip-verify': flag('take bundles whatever their signatures are'),
        authentication: {
          kind: 'enum',
          values: ['off', 'token'],
          default: 'off',
          brief: 'token: the bearer token is the identity that data.system.authz sees',
        },
        authorization: {
          kind: 'enum',
          values: ['off', 'basic'],
          default: 'off',
          brief: 'basic: data.system.authz.allow decides about every request',
        },
        'decision-log': given(text, 'FILE', 'every decision, a JSON object a line; `console` is stdout'),
        'max-request-bytes': given(size, 'NUMBER', 'largest body of a request; 64 MiB where it is left out'),
        'evaluation-timeout': given(size, 'MILLISECONDS', 'longest evaluation; 10000 where it is left out'),
      },
      aliases: { ...D, a: 'addr', b: 'bundle' },
    },
    more: 'Names and rules for the log are those of OPA: data.system.log.mask, data.system.log.drop.',
    load: async () => (await import('./rego/serve.ts')).serve,
  }),
  deps: command({
    brief: 'the documents on which a query depends',
    examples: [['thymus rego deps -d policy.rego data.authz.allow', '']],
    operands: 'QUERY',
    parameters: { flags: { ...modules, format }, aliases: { ...D, f: 'format' }, positional: one(text, 'QUERY', 'in Rego') },
    load: async () => (await import('./rego/deps.ts')).deps,
  }),
  repl: command({
    brief: 'a prompt: queries are answered, rules and imports are taken',
    examples: [
      ['thymus rego repl policies/', ''],
      ['thymus rego repl -i input.json policy.rego data.json', 'with an input document'],
    ],
    operands: '[PATH...]',
    parameters: {
      flags: { 'v0-compatible': modules['v0-compatible'], input: question.input, format, ...net },
      aliases: { i: 'input', f: 'format' },
      positional: paths,
    },
    more: 'Lines may come from a pipe: nothing but the answers is printed then.',
    load: async () => (await import('./rego/repl/repl.ts')).repl,
  }),
  capabilities: command({
    brief: 'the builtins and features that the engine knows, as opa prints them',
    examples: [['thymus rego capabilities', '']],
    parameters: {
      flags: { current: flag('of this engine, which is what is printed anyway'), file: given(text, 'FILE', 'as this file says them') },
    },
    load: async () => (await import('./rego/capabilities.ts')).printCapabilities,
  }),
})
