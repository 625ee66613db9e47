import type { Severity } from '../core/finding.ts'
import type { LayerPosture } from '../core/posture.ts'
import type { Terminal, Tone } from './text.ts'

// A state is told three times over, by a symbol, a word and a colour: whoever does not see one of them sees the others.

export interface Sign {
  readonly text: string
  readonly tone: Tone
}

type State = LayerPosture['state']['is']
const STATES: Readonly<Record<State, readonly [symbol: string, ascii: string, tone: Tone]>> = {
  pass: ['✓', '+', 'good'],
  fail: ['✗', 'x', 'bad'],
  unknown: ['?', '?', 'doubt'],
  'not built': ['·', '-', 'dim'],
}
const SEVERITY_SIGNS: Readonly<Record<Severity, readonly [symbol: string, ascii: string, tone: Tone]>> = {
  critical: ['◆', '!!', 'bad'],
  high: ['▲', '! ', 'bad'],
  medium: ['●', '* ', 'doubt'],
  low: ['○', 'o ', 'plain'],
  info: ['·', '. ', 'dim'],
}

export function stateSign(state: State, { ascii }: Pick<Terminal, 'ascii'>): Sign {
  const [symbol, plainSymbol, tone] = STATES[state]
  return { text: `${ascii ? plainSymbol : symbol} ${state}`, tone }
}

export function severitySign(severity: Severity, { ascii }: Pick<Terminal, 'ascii'>): Sign {
  const [symbol, plainSymbol, tone] = SEVERITY_SIGNS[severity]
  return { text: `${ascii ? plainSymbol : symbol} ${severity}`, tone }
}
