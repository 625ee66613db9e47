/** A table with lines around its cells, as opa prints one. */
export function boxed(heads: readonly string[] | undefined, rows: readonly (readonly string[])[], right = false): string {
  const all = heads === undefined ? rows : [heads, ...rows]
  const columns = Math.max(0, ...all.map(({ length }) => length))
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...all.map((cells) => [...(cells[at] ?? '')].length)))
  const line = (left: string, middle: string, end: string) => `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${end}`
  const row = (cells: readonly string[]) => `│ ${widths.map((width, at) => padded(cells[at] ?? '', width, right && at > 0)).join(' │ ')} │`
  const centred = heads?.map((cell, at) => ' '.repeat(Math.floor((widths[at]! - [...cell].length) / 2)) + cell)
  const head = centred === undefined ? [] : [row(centred), line('├', '┼', '┤')]
  return [line('┌', '┬', '┐'), ...head, ...rows.map(row), line('└', '┴', '┘')].map((each) => `${each}\n`).join('')
}

function padded(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(width - [...cell].length)
  return right ? space + cell : cell + space
}
