import type { LayerPosture, Rung } from '../core/posture.ts'
import { stateSign } from './symbols.ts'
import { columnsOf, padded, plain, type Terminal, type Tone, toned, wrapped } from './text.ts'

/** The first page: what protects this machine, what is not known, what to type next, and what takes everything back. */
export interface Board {
  /** `Thymus 0.1.0 on node-7, up since …`. */
  readonly title: string
  readonly layers: readonly LayerPosture[]
  /** What a person should know before anything else: a change that waits, a disk that is full. */
  readonly notices: readonly string[]
  readonly next: Suggestion
  readonly undo: Suggestion
}

export interface Suggestion {
  readonly command: string
  readonly does: string
}

const MARGIN = '  '
const GAP = '  '
/** Lines that are longer are hard to read, however wide the terminal. */
const WIDEST = 100
/** A column of words that is narrower is harder to read than a line that the terminal breaks. */
const NARROWEST = 24

export function boardText({ title, layers, notices, next, undo }: Board, terminal: Terminal): string {
  const page = new Page(terminal)
  page.line(toned(plain(title), 'strong', terminal))
  page.space()
  for (const notice of notices) page.row([{ text: '!', width: 1 }], notice)
  if (notices.length > 0) page.space()
  const rungs = layers.flatMap((layer) => layer.rungs)
  const names = widest([...layers.map(({ layer }) => layer), ...rungs.map(({ gate }) => gate)])
  const states = widest(
    [...layers.map(({ state }) => state), ...rungs.map(({ works }) => works)].map(({ is }) => stateSign(is, terminal).text),
  )
  for (const layer of layers) {
    const { text, tone } = stateSign(layer.state.is, terminal)
    page.row(
      [
        { text: layer.layer, width: names },
        { text, tone, width: states },
      ],
      summaryOf(layer),
    )
  }
  page.space()
  if (rungs.length > 0) {
    page.line(toned('What can be stopped here, and by what', 'strong', terminal))
    page.space()
    rungRows(page, rungs, names, states, terminal)
    page.space()
  }
  for (const [label, { command, does }] of [
    ['next', next],
    ['undo', undo],
  ] as const) {
    page.line(`${padded(label, names)}${GAP}${toned(plain(command), 'strong', terminal)}`)
    page.row([{ text: '', width: names }], does, 'dim')
  }
  return page.text
}

function summaryOf({ state, summary }: LayerPosture): string {
  const why = state.is === 'unknown' ? state.why.text : ''
  return [summary, why].filter((text) => text !== '').join(': ')
}

/** A gate's rungs stand under each other, the best first, its name once. */
function rungRows(page: Page, rungs: readonly Rung[], names: number, states: number, terminal: Terminal): void {
  let former = ''
  for (const { gate, rung, works } of rungs) {
    const sign = { ...stateSign(works.is, terminal), width: states }
    page.row([{ text: gate === former ? '' : gate, width: names }, sign], works.is === 'unknown' ? `${rung}: ${works.why.text}` : rung)
    former = gate
  }
}

interface Head {
  readonly text: string
  readonly tone?: Tone
  readonly width: number
}

class Page {
  readonly #terminal: Terminal
  #text = '\n'

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  get text(): string {
    return `${this.#text}\n`
  }

  space(): void {
    this.#text += '\n'
  }

  line(text: string): void {
    this.#text += `${MARGIN}${text}\n`
  }

  /** Columns of one line each, then words that go on below themselves. */
  row(heads: readonly Head[], words: string, tone: Tone = 'plain'): void {
    const before = heads.reduce((sum, { width }) => sum + width + GAP.length, MARGIN.length)
    const { width } = this.#terminal
    const room = width === undefined ? undefined : Math.max(NARROWEST, Math.min(width, WIDEST) - before)
    const [first = '', ...rest] = wrapped(plain(words), room)
    const cells = heads.map(({ text, tone = 'plain', width }) => toned(text, tone, this.#terminal) + padded('', width - columnsOf(text)))
    this.line([...cells, toned(first, tone, this.#terminal)].join(GAP).trimEnd())
    for (const each of rest) this.#text += `${' '.repeat(before)}${toned(each, tone, this.#terminal)}\n`
  }
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(columnsOf))
}
