import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Finding } from '../core/finding.ts'
import { jsonText } from './json.ts'
import type { Answer, OutputOptions, Target } from './output.ts'
import { openOutput, parseTarget } from './output.ts'
import { sarifText } from './sarif.ts'
import { yamlText } from './yaml.ts'

const HOSTILE = 'a\u001b[2J\u009b\u202e\u2028\udc80\u{e0041}"\\\n#: {}'

const finding = (change: Partial<Finding> = {}): Finding => ({
  id: 'RT_FILELESS-1',
  code: 'RT_FILELESS',
  layer: 'runtime',
  severity: 'high',
  at: Date.UTC(2026, 0, 2),
  about: 'default/web',
  title: 'execution of memfd:x',
  evidence: { inode: 2n ** 63n },
  because: null,
  remedy: 'Look at its parent',
  ...change,
})
const findings = (items: readonly Finding[]): Answer => ({
  kind: 'FindingList',
  value: { items },
  parts: () => [
    {
      table: { columns: [{ title: 'FINDING' }, { title: 'ABOUT' }], rows: items.map(({ id, about }) => [id, about]) },
      none: 'nothing was found',
    },
    { lines: [`${items.length} found`] },
  ],
})

/** What ends up where. */
function places(): { readonly written: Map<string, string>; readonly closed: string[]; readonly options: OutputOptions } {
  const written = new Map<string, string>()
  const closed: string[] = []
  const open = (file: string | null) => {
    const place = file ?? 'stdout'
    const write = (text: string) => written.set(place, (written.get(place) ?? '') + text)
    return { whole: write, write, close: () => closed.push(place) }
  }
  return {
    written,
    closed,
    options: { terminal: { width: 30, colour: true, ascii: false }, version: '0.1.0', open } as unknown as OutputOptions,
  }
}

async function shown(answer: Answer, format: Target['format']): Promise<string> {
  const { written, options } = places()
  const output = await openOutput([{ format, file: 'f' }], options)
  output.show(answer)
  return written.get('f')!
}

describe('-o', () => {
  test('takes a format and a file', () => {
    assert.deepEqual(parseTarget('json'), { format: 'json', file: null })
    assert.deepEqual(parseTarget('sarif=out=1.sarif'), { format: 'sarif', file: 'out=1.sarif' })
    for (const wrong of ['xml', '', 'json=', 'JSON', '=f', '\u001b[2J'])
      assert.throws(() => parseTarget(wrong), { code: 'USAGE', at: '-o' }, wrong)
  })

  test('several write one answer, each its own way; a file has no colour and is not cut', async () => {
    const { written, options } = places()
    const targets: Target[] = [
      { format: 'table', file: null },
      { format: 'json', file: 'a.json' },
      { format: 'table', file: 'a.txt' },
    ]
    const output = await openOutput(targets, options)
    output.show(findings([finding({ about: 'default/a-name-that-is-longer-than-the-terminal' })]))
    assert.equal(
      written.get('stdout'),
      '\u001b[2mFINDING\u001b[0m        \u001b[2mABOUT\u001b[0m\nRT_FILELESS-1  default/a-name…\n\n1 found\n'
        .replace('ABOUT\u001b[0m', 'ABOUT\u001b[0m          ')
        .replace(/ +\n/, '\n'),
    )
    assert.equal(written.get('a.txt'), 'FINDING        ABOUT\nRT_FILELESS-1  default/a-name-that-is-longer-than-the-terminal\n\n1 found\n')
    assert.equal(JSON.parse(written.get('a.json')!).items.length, 1)
    assert.deepEqual([...written.keys()], ['stdout', 'a.json', 'a.txt'])
  })

  test('two to one place are refused before anything is opened', async () => {
    const { options } = places()
    const never = { ...options, open: () => assert.fail('opened') }
    for (const file of [null, 'f']) {
      const targets: Target[] = [
        { format: 'json', file },
        { format: 'yaml', file },
      ]
      await assert.rejects(openOutput(targets, never), { code: 'USAGE' })
    }
  })
})

describe('a list', () => {
  test('as JSON', async () => {
    assert.equal(
      await shown(findings([finding()]), 'json'),
      `{
  "apiVersion": "thymus.dev/v1",
  "kind": "FindingList",
  "items": [
    {
      "id": "RT_FILELESS-1",
      "code": "RT_FILELESS",
      "layer": "runtime",
      "severity": "high",
      "at": 1767312000000,
      "about": "default/web",
      "title": "execution of memfd:x",
      "evidence": {
        "inode": "9223372036854775808"
      },
      "because": null,
      "remedy": "Look at its parent"
    }
  ]
}
`,
    )
  })

  test('as NDJSON is a line for each item; an empty one is no line; what is no list is one line', async () => {
    const text = await shown(findings([finding(), finding({ id: '2' })]), 'ndjson')
    assert.deepEqual(
      text.split('\n').map((line) => line.slice(0, 70)),
      [
        '{"apiVersion":"thymus.dev/v1","kind":"Finding","id":"RT_FILELESS-1","co',
        '{"apiVersion":"thymus.dev/v1","kind":"Finding","id":"2","code":"RT_FILE',
        '',
      ].map((line) => line.slice(0, 70)),
    )
    assert.equal(await shown(findings([]), 'ndjson'), '')
    const status: Answer = { kind: 'Status', value: { generation: 3 }, parts: () => [] }
    assert.equal(await shown(status, 'ndjson'), '{"apiVersion":"thymus.dev/v1","kind":"Status","generation":3}\n')
  })

  test('as YAML', async () => {
    const small: Answer = {
      kind: 'WorkloadList',
      value: { items: [{ name: 'web', labels: { app: 'web' }, image: null }] },
      parts: () => [],
    }
    assert.equal(
      await shown(small, 'yaml'),
      `apiVersion: thymus.dev/v1
kind: WorkloadList
items:
  - name: web
    labels:
      app: web
    image: null
`,
    )
  })

  test('that is empty says so to people', async () => {
    assert.equal(await shown(findings([]), 'table'), 'nothing was found\n\n0 found\n')
  })
})

describe('things as they happen', () => {
  test('are a line each, in every format that can', async () => {
    const { written, closed, options } = places()
    const targets = (['table', 'ndjson', 'json', 'yaml'] as const).map((format) => ({ format, file: format }))
    const output = await openOutput(targets, options)
    const stream = output.stream('Event', [{ title: 'TYPE', usual: 8 }, { title: 'WHAT' }])
    for (const type of ['exec', 'connect']) stream.add({ type }, [type, HOSTILE])
    stream.end()
    const line = (type: string) => `{"apiVersion":"thymus.dev/v1","kind":"Event","type":"${type}"}\n`
    assert.equal(written.get('ndjson'), line('exec') + line('connect'))
    assert.equal(written.get('json'), written.get('ndjson'))
    assert.equal(written.get('yaml')!.split('---\n').length, 3)
    assert.match(written.get('table')!, /^TYPE {6}WHAT\nexec {6}a\\u\{1b\}[\x20-\x7e]*\nconnect {3}/)
    assert.equal(closed.length, targets.length)
  })

  test('cannot be SARIF', async () => {
    const output = await openOutput([{ format: 'sarif', file: 'f' }], places().options)
    assert.throws(() => output.stream('Event', []), { code: 'USAGE' })
  })
})

describe('what others wrote, for machines', () => {
  const values = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(HOSTILE))
  const objects = fc.record({
    value: values,
    nested: fc.dictionary(
      values.filter((key) => key !== '__proto__'),
      values,
      { maxKeys: 3 },
    ),
    list: fc.array(values),
  })
  const SAFE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u

  test('comes out of JSON as it went in, and nothing in the text is a control', () => {
    fc.assert(
      fc.property(objects, (value) => {
        const text = jsonText(value)
        assert.match(text, SAFE)
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('comes out of YAML as it went in, and nothing in the text is a control', () => {
    const wellFormed = objects.map((value) => JSON.parse(JSON.stringify(value).replaceAll(/\\ud[89a-f]../g, '')) as object)
    fc.assert(
      fc.property(wellFormed, (value) => {
        const text = yamlText(value)
        assert.match(text.replaceAll('\n', ''), SAFE)
        assert.deepEqual(parse(text, { maxAliasCount: 0 }), value)
      }),
      { numRuns: 500 },
    )
  })

  test('is no link, no placeholder and no control in a message of SARIF', () => {
    const log = JSON.parse(sarifText([finding({ title: `run of /tmp/[here](http://evil) {0} ${HOSTILE}` })], '0.1.0'))
    const { text } = log.runs[0].results[0].message
    assert.ok(text.startsWith('run of /tmp/\\[here\\](http://evil) {{0}} a\\\\u{{1b}}\\[2J'), text)
    assert.match(text, SAFE)
  })
})

describe('SARIF', () => {
  const rule = {
    cookie: 1,
    source: { file: 'web policy#1.yaml', line: 3, column: 5 },
    gate: 'connect',
    when: {},
    effect: 'deny',
    rank: 2000,
  }
  const because = { rule, policy: 'NetworkPolicy/default/web' } as unknown as NonNullable<Finding['because']>

  test('names each kind of finding once, with the severity of its worst', () => {
    const log = JSON.parse(
      sarifText([finding({ severity: 'low' }), finding({ code: 'NET_DENIED' }), finding({ severity: 'critical' })], '0.1.0'),
    )
    const [run] = log.runs
    assert.deepEqual([log.version, log.runs.length, run.tool.driver.name, run.tool.driver.semanticVersion], ['2.1.0', 1, 'Thymus', '0.1.0'])
    assert.deepEqual(
      run.tool.driver.rules.map(({ id, properties }: never) => [id, properties['security-severity']]),
      [
        ['RT_FILELESS', '9.5'],
        ['NET_DENIED', '8.0'],
      ],
    )
    assert.deepEqual(
      run.results.map(({ ruleId, ruleIndex, level }: never) => [ruleId, ruleIndex, level]),
      [
        ['RT_FILELESS', 0, 'note'],
        ['NET_DENIED', 1, 'error'],
        ['RT_FILELESS', 0, 'error'],
      ],
    )
  })

  test('a finding is the same in the next run, and points at the line that decided', () => {
    const [result] = JSON.parse(sarifText([finding({ because })], '0.1.0')).runs[0].results
    assert.deepEqual(result.fingerprints, { 'thymus/v1': 'RT_FILELESS-1' })
    assert.deepEqual(result.locations, [
      {
        physicalLocation: { artifactLocation: { uri: 'web%20policy%231.yaml' }, region: { startLine: 3, startColumn: 5 } },
        logicalLocations: [{ fullyQualifiedName: 'default/web', kind: 'resource' }],
      },
    ])
    assert.equal(result.properties.evidence.inode, '9223372036854775808')
  })

  test('any name of a file becomes a URI reference', () => {
    const uriOf = (file: string) => {
      const at = { ...because, rule: { ...rule, source: { ...rule.source, file } } } as unknown as NonNullable<Finding['because']>
      return JSON.parse(sarifText([finding({ because: at })], '0.1.0')).runs[0].results[0].locations[0].physicalLocation.artifactLocation
        .uri
    }
    assert.equal(uriOf('/etc/a b.yaml'), 'file:///etc/a%20b.yaml')
    assert.equal(uriOf('c:x.yaml'), './c:x.yaml')
    assert.equal(uriOf('a/b:c.yaml'), 'a/b:c.yaml')
    assert.equal(uriOf('\ud800.yaml'), '%EF%BF%BD.yaml')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (file) => {
        assert.equal(new URL(uriOf(`/${file}`)).protocol, 'file:')
      }),
    )
  })

  test('no findings are a run without results; what is no finding is refused', async () => {
    assert.deepEqual(JSON.parse(sarifText([], '0.1.0')).runs[0].results, [])
    await assert.rejects(shown({ kind: 'Status', value: {}, parts: () => [] }, 'sarif'), { code: 'USAGE' })
  })
})
