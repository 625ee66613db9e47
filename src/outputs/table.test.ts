import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { severitySign } from './symbols.ts'
import type { Table } from './table.ts'
import { RowWriter, tableText } from './table.ts'
import type { Terminal } from './text.ts'
import { columnsOf } from './text.ts'

const PLAIN: Terminal = { width: undefined, colour: false, ascii: false }
const COLUMNS = [{ title: 'FINDING' }, { title: 'SEVERITY' }, { title: 'COUNT', align: 'right' }, { title: 'WHAT' }] as const

const table = (terminal: Terminal): Table => ({
  columns: COLUMNS,
  rows: [
    ['RT_FILELESS-1', severitySign('critical', terminal), '3', 'execution of memfd:x, which has no name in any directory'],
    ['NET_DENIED-22', severitySign('medium', terminal), '12345', 'connect TCP 日本:80'],
    ['X', severitySign('info', terminal), '1', 'name \u001b[2J\u202e of a process'],
  ],
})

describe('a table', () => {
  test('is as wide as what is in it', () => {
    assert.equal(
      tableText(table(PLAIN), PLAIN),
      `FINDING        SEVERITY    COUNT  WHAT
RT_FILELESS-1  ◆ critical      3  execution of memfd:x, which has no name in any directory
NET_DENIED-22  ● medium    12345  connect TCP 日本:80
X              · info          1  name \\u{1b}[2J\\u{202e} of a process
`,
    )
  })

  test('is cut to the terminal, the widest column first, with a mark', () => {
    const terminal = { ...PLAIN, width: 60 }
    assert.equal(
      tableText(table(terminal), terminal),
      `FINDING        SEVERITY    COUNT  WHAT
RT_FILELESS-1  ◆ critical      3  execution of memfd:x, whi…
NET_DENIED-22  ● medium    12345  connect TCP 日本:80
X              · info          1  name \\u{1b}[2J\\u{202e} of…
`,
    )
  })

  test('says the same without colour, without Unicode, and with both', () => {
    const ascii = { ...PLAIN, ascii: true }
    assert.ok(tableText(table(ascii), ascii).includes('!! critical'))
    const colour = { ...PLAIN, colour: true }
    const coloured = tableText(table(colour), colour)
    assert.ok(coloured.includes('\u001b[1;31m◆ critical\u001b[0m'))
    assert.equal(stripVTControlCharacters(coloured).replaceAll(/ +$/gm, ''), tableText(table(PLAIN), PLAIN))
  })

  test('fits whatever the terminal, as long as every column can have its least', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '日', ' ', '\u001b'), maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 5 }),
        fc.integer({ min: 40, max: 120 }),
        (rows, width) => {
          const text = tableText({ columns: [{ title: 'A' }, { title: 'B', align: 'right' }, { title: 'C' }], rows }, { ...PLAIN, width })
          const lines = text.split('\n').slice(0, -1)
          assert.equal(lines.length, rows.length + 1)
          for (const line of lines) assert.ok(columnsOf(line) <= width, `${columnsOf(line)} > ${width}: ${line}`)
        },
      ),
    )
  })
})

describe('rows that come one by one', () => {
  const columns = [{ title: 'TIME', usual: 8 }, { title: 'PROCESS', usual: 10 }, { title: 'FACTS' }]

  test('stand in the usual widths and are cut to the terminal', () => {
    const rows = new RowWriter(columns, { ...PLAIN, width: 40 })
    const text =
      rows.head() + rows.row(['12:00:00', 'curl(7)', 'path=/usr/bin/curl cwd=/']) + rows.row(['12:00:01', 'a-long-name(12345)', 'x'])
    assert.equal(
      text,
      `TIME      PROCESS     FACTS
12:00:00  curl(7)     path=/usr/bin/cur…
12:00:01  a-long-na…  x
`,
    )
  })

  test('are whole where nothing is to be cut', () => {
    const rows = new RowWriter(columns, PLAIN)
    assert.equal(rows.row(['12:00:01', 'a-long-name(12345)', 'x'.repeat(200)]), `12:00:01  a-long-name(12345)  ${'x'.repeat(200)}\n`)
  })
})
