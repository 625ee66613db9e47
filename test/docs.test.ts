// What the documents show is what Thymus takes, and what they point at is there.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { readPolicies } from '../src/layers/network/read-policies.ts'

const ROOT = resolve(import.meta.dirname, '..')
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })
const EXAMPLES = globSync('docs/examples/*.yaml', { cwd: ROOT })
/** Named before they are there. A name that has come is checked all the same once it is struck from this list. */
const AWAITED: readonly string[] = []

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')

describe('a policy that is shown is one that Thymus takes', () => {
  const blocks = DOCUMENTS.flatMap((file) =>
    [...textOf(file).matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map((match) => [file, match[1]!] as const),
  )

  test('there are some', () => assert.ok(blocks.length >= 3 && EXAMPLES.length >= 2, `${blocks.length} blocks, ${EXAMPLES.length} files`))

  for (const [at, [file, text]] of blocks.entries()) {
    test(`${file}, block ${at + 1}`, () => assert.ok(says(readPolicies(text, file))))
  }
  for (const file of EXAMPLES) {
    test(file, () => assert.ok(says(readPolicies(textOf(file), file))))
  }
})

describe('what a document points at is there', () => {
  const links = DOCUMENTS.flatMap((file) =>
    [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => [file, match[1]!] as const),
  ).filter(([, link]) => !/^[a-z]+:/.test(link))

  test('every link', () => {
    const broken = links.filter(([file, link]) => !leads(file, link)).map(([file, link]) => `${file}: ${link}`)
    assert.deepEqual(broken, [])
    assert.ok(links.length >= 20, `${links.length} links`)
  })

  test('every file of ours that is named', () => {
    const names = DOCUMENTS.flatMap((file) =>
      [...textOf(file).matchAll(/`((?:src|kernel|test|tools|lab|bench|docs)\/[\w./*-]+)`/g)].map((match) => [file, match[1]!] as const),
    )
    const absent = names.filter(([, name]) => !isAwaited(name) && globSync(name, { cwd: ROOT }).length === 0)
    assert.deepEqual(
      absent.map(([file, name]) => `${file}: ${name}`),
      [],
    )
    assert.ok(names.length >= 50, `${names.length} names`)
  })
})

test('both languages of the README show the same commands', () => {
  const commands = (file: string) =>
    [...textOf(file).matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1]!.replace(/ *#.*$/gm, ''))
  assert.deepEqual(commands('README.zh-CN.md'), commands('README.md'))
  assert.ok(commands('README.md').length >= 10)
})

test('a constant that the specification names has the value that it says', () => {
  const named = textOf('SPECIFICATION.md')
    .split('\n')
    .map((row) => row.split('|'))
    .flatMap(([, , value, from = '']) =>
      [...from.matchAll(/`([A-Z_]+)`(?=(?:, `[A-Z_]+`)* in `([^`]+)`)/g)].map(([, name, file]) => ({
        value: value!,
        name: name!,
        file: file!,
      })),
    )
  const known = named.map((each) => ({ ...each, is: constantOf(each) })).filter(({ is }) => is !== undefined)
  const other = known.filter(({ value, is }) => !formsOf(is!).some((form) => new RegExp(`(?<![\\d,])${form}(?!,?\\d)`).test(value)))
  assert.deepEqual(other, [])
  assert.ok(known.length >= 35, `${known.length} constants`)
})

test('every room has a row in the architecture', () => {
  const named = new Set([...textOf('ARCHITECTURE.md').matchAll(/(?<=`)src\/[\w/-]+(?=\/`)/g)].map(([name]) => name))
  const roomsOf = (folder: string) => globSync(`${folder}/*/`, { cwd: ROOT }).filter((room) => !named.has(room))
  const missing = roomsOf('src').flatMap((room) => (globSync(`${room}/*/`, { cwd: ROOT }).length === 0 ? [room] : roomsOf(room)))
  assert.deepEqual(missing, [])
})

/** Of one that is written as a number or a shift; undefined for others. */
function constantOf({ name, file }: { readonly name: string; readonly file: string }): number | undefined {
  const [, number, shift = '0'] =
    new RegExp(`\\b${name}\\b(?: =)? ([\\d_.]+)n?(?: << (\\d+))?(?=,|;|$| /\\*)`, 'm').exec(textOf(file)) ?? []
  return number === undefined ? undefined : Number(number.replaceAll('_', '')) * 2 ** Number(shift)
}

function formsOf(value: number): readonly string[] {
  const units = Object.entries({ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, minutes: 60, '%': 0.01 })
  return [value.toLocaleString('en-US'), ...units.map(([unit, size]) => `${value / size} ${unit}`)]
}

function says({ policies, namespaces }: ReturnType<typeof readPolicies>): boolean {
  return policies.length + namespaces.size > 0
}

function leads(file: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined]
  const target = path === '' ? file : join(dirname(file), path)
  if (isAwaited(target)) return true
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || headingsOf(target).includes(anchor)
}

/** As GitHub makes anchors of headings. */
function headingsOf(file: string): string[] {
  return [...textOf(file).matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function isAwaited(name: string): boolean {
  return AWAITED.some((awaited) => name.startsWith(awaited))
}
