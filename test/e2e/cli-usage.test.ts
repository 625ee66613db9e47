import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AnsweringAgent } from '../kit/answering-agent.ts'
import { ANSWERS } from '../kit/answers.ts'
import { thymus } from '../kit/cli.ts'

describe('a command line that cannot be understood', () => {
  const WRONG: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [['statsu'], /there is no command "statsu", did you mean status\?/],
    [['policy', 'lst'], /did you mean list\?/],
    [['constructor'], /there is no command "constructor"/],
    [['policy', '__proto__'], /there is no command "__proto__"/],
    [['--constructor'], /there is no such flag/],
    [['status', '--constructor'], /there is no flag "--constructor"/],
    [['status', '--to-string'], /there is no flag "--to-string"/],
    [['apply', '--enforc', '-f', 'x'], /there is no flag "--enforc", did you mean --enforce\?/],
    [['apply', '-x'], /there is no flag "-x"/],
    [['apply', '-f'], /--file is needed, with a value/],
    [['apply', '--file='], /is one word too many/],
    [['apply', '-f', 'a', '-f', 'b'], /--file is given twice/],
    [['apply'], /apply takes one of -f FILE, --confirm and --rollback/],
    [['apply', '--confirm', '--rollback'], /apply takes one of/],
    [['apply', '--confirm', '--enforce'], /--confirm takes no other flag/],
    [['apply', '-f', '-', '--enforce', '--shadow'], /--enforce and --shadow exclude each other/],
    [['apply', '-f', '-', '--confirm-within', '60'], /--confirm-within: "60" is not a time such as 60s/],
    [['apply', '-f', '-', '--confirm-within', '0s'], /is not a time/],
    [['apply', '-f', '-', '--confirm-within', '25h'], /more than a day/],
    [['apply', '-f', '/nonexistent/policy.yaml'], /there is no such file \(at \/nonexistent\/policy\.yaml\)/],
    [['apply', '-f', '/'], /it cannot be read \(EISDIR\)/],
    [['run', '--name', 'x'], /CMD is missing/],
    [['run', '--name', 'x', '--'], /CMD is missing/],
    [['run', 'true'], /--name is needed/],
    [['run', '--name', 'Web', '--', 'true'], /--name: "Web" must be lower-case/],
    [['run', '--name', 'web', '--label', 'app', '--', 'true'], /--label: "app" is not KEY=VALUE/],
    [['run', '--name', 'web', '--label', 'a b=c', '--', 'true'], /--label: the key "a b" must be letters/],
    [
      ['run', '--name', 'web', '--label', `app=${'x'.repeat(100_000)}`, '--', 'true'],
      /--label: the value "x+"… \(100000 characters\) has 100000 characters/,
    ],
    [['run', '--name', 'web', '--mode', 'hard', '--', 'true'], /--mode: "hard" is not one of observe, shadow, enforce/],
    [['run', '--name', 'web', 'curl', '--fail'], /there is no flag "--fail"/],
    [['policy', 'why', 'web'], /TO is missing/],
    [['policy', 'why', 'web', 'db', '--port', '70000'], /--port: "70000" is not a port from 0 to 65535/],
    [['policy', 'why', 'web', 'db', '--protocol', 'icmp'], /--protocol: "icmp" is not TCP, UDP or SCTP/],
    [['policy', 'why', 'web', '--exec', 'sh'], /--exec: "sh" is not an absolute path/],
    [['policy', 'why', 'web', '--exec', '/bin/sh', '--bind'], /--exec asks about a file/],
    [['policy', 'why', 'web', '--bind'], /--bind needs --port/],
    [['policy', 'why'], /FROM is missing/],
    [['policy', 'why', 'web', '--module', '/dev/null'], /--module asks about the node/],
    [['policy', 'why', '--module', 'sha256:ab'], /it is no SHA-256, which has 64 digits \(at sha256:ab\)/],
    [['policy', 'delete', 'a/../b'], /"a\/\.\.\/b" is not an identifier/],
    [['workload', 'show', 'a/b/c'], /WORKLOAD: "b\/c" must be lower-case/],
    [['finding', 'list', '--fail-on', 'bad'], /--fail-on: "bad" is not one of info, low, medium, high, critical/],
    [['event', 'tail', '-o', 'json'], /json has an end and following has none/],
    [['status', '-o', 'xml'], /"xml" is not one of table, json, ndjson, yaml, sarif \(at -o\)/],
    [['policy', 'list', '-o', 'sarif'], /sarif is a format of findings/],
    [['status', '-o', 'json='], /"json=" names no file \(at -o\)/],
    [['status', '-o', 'json=/nonexistent/x'], /it cannot be written \(ENOENT\) \(at \/nonexistent\/x\)/],
    [['status', '-o', 'json', '-o', 'table'], /two outputs cannot both go to stdout/],
    [['status', '-o', 'json=/tmp/x', '-o', 'table=/tmp/../tmp/x'], /two outputs cannot both go to "\/tmp\/x"/],
    [['status', 'extra'], /"extra" is one word too many/],
    [['completion', 'tcsh'], /"tcsh" is not one of bash, zsh, fish/],
    [['record'], /record takes a NAME to begin, or --stop/],
    [['record', 'x', '--stop'], /record takes a NAME to begin, or --stop/],
  ]
  for (const [words, says] of WRONG) {
    test(`${words.join(' ').slice(0, 60)}: status 64 and one line`, async () => {
      await using agent = new AnsweringAgent()
      await agent.answer(ANSWERS)
      const { status, stdout, stderr } = await thymus(words, { env: agent.env })
      assert.match(stderr, /^thymus: USAGE: [^\n]+\n$/)
      assert.match(stderr, says)
      assert.deepEqual([status, stdout], [64, ''])
      assert.deepEqual(agent.asked, [], 'and nothing was asked of the agent')
    })
  }

  const SOURCE = join(import.meta.dirname, '../../package.json')
  const KEY = join(import.meta.dirname, 'no-such.pem')
  const NO_FORM: readonly (readonly [words: readonly string[], code: string, place: string])[] = [
    [['replay', SOURCE], 'FORMAT', `${SOURCE}, byte 8`],
    [['replay', '/'], 'USAGE', '/'],
    [['ima', 'verify', '--policy', SOURCE, '/dev/null'], 'REFERENCE', `${SOURCE}, meta.version`],
    [['ima', 'policy', '--digests', SOURCE], 'REFERENCE', `${SOURCE}, line 1`],
    [['ima', 'policy', KEY], 'USAGE', KEY],
    [['module', 'policy', '--key', SOURCE, '--folder', KEY], 'USAGE', KEY],
    [['tee', 'sgx', 'measure', SOURCE], 'FORMAT', `${SOURCE}, header at byte 16`],
    [['tee', 'launch', '--firmware', SOURCE], 'FORMAT', SOURCE],
    [
      ['tpm', 'credential', 'make', '--ek', SOURCE, '--name', '00', '--secret', SOURCE, '--to', '/dev/null'],
      'FORMAT',
      `${SOURCE}, publicArea.size at byte 2`,
    ],
    [['attest', 'verify', '/dev/null'], 'EVIDENCE', '/dev/null'],
    [['attest', 'verify', '/dev/null', '--key', KEY], 'USAGE', ''],
    [['attest', 'verify', '/dev/null', '--raw-evidence'], 'USAGE', ''],
    [['attest', 'verify', '/dev/null', '--key', KEY, '-o', 'ear=/nonexistent/token'], 'USAGE', '/nonexistent/token'],
  ]
  for (const [words, code, place] of NO_FORM) {
    test(`${words.slice(0, 3).join(' ').slice(0, 60)}: what is wrong with a file is told with its name`, async () => {
      const { status, stdout, stderr } = await thymus(words)
      assert.match(stderr, new RegExp(`^thymus: ${code}: [^\n]+\n$`))
      assert.ok(stderr.endsWith(place === '' ? '-o ear\n' : `(at ${place})\n`), stderr)
      assert.deepEqual([status, stdout], [code === 'USAGE' ? 64 : 1, ''])
    })
  }

  test('a binary as a policy is an error of the file, not of the line: status 1', async () => {
    await using agent = new AnsweringAgent()
    await agent.answer(ANSWERS)
    const { status, stderr } = await thymus(['apply', '-f', process.execPath], { env: agent.env })
    assert.equal(status, 1)
    assert.match(stderr, /^thymus: POLICY_SYNTAX: not text in UTF-8 \(at .*\)\n$/)
  })
})

describe('the start', () => {
  test('help loads no command, and nothing that only commands need', async () => {
    const { stderr } = await thymus(['--help'], { env: { ...process.env, NODE_DEBUG: 'esm' } })
    const loaded = [...new Set(stderr.match(/file:\/\/[^'" \n]+/g))]
    assert.ok(
      loaded.some((file) => file.endsWith('/src/cli/main.ts')),
      'the way to see it works',
    )
    assert.deepEqual(
      loaded.filter((file) => /\/commands\/|\/adapters\/|\/outputs\/|\/server\/|\/(zod|yaml|koffi|hono)\//.test(file)),
      [],
    )
  })
})

describe('completion', () => {
  const proposed = async (...words: string[]) => {
    const { stdout } = await thymus(['complete', '--', ...words])
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t')[0])
  }

  test('proposes commands, flags and the values of flags', async () => {
    assert.deepEqual(await proposed('po'), ['policy'])
    assert.deepEqual(await proposed('policy', 'd'), ['delete', 'diff'])
    assert.deepEqual(await proposed('apply', '--conf'), ['--confirm-within', '--confirm'])
    assert.deepEqual(await proposed('run', '--mode', 's'), ['shadow'])
    assert.deepEqual(await proposed('no', 'such'), [])
  })

  test('bash takes the script and completes by it', async () => {
    const { stdout } = await thymus(['completion', 'bash'])
    const script = `${stdout}\nCOMP_WORDS=(thymus finding list --fail-on h); COMP_CWORD=4; _thymus; echo "\${COMPREPLY[*]}"`
    const path = `${join(import.meta.dirname, '../../bin')}:${process.env.PATH}`
    const bash = spawnSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, PATH: path } })
    assert.equal(bash.stdout, 'high\n', bash.stderr)
  })
})
