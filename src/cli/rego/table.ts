/** A table with lines around its cells, as opa prints one. */
export function boxed(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, at) => Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map((cell) => [...cell].length)))
  const line = (left: string, middle: string, right: string) =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${right}`
  const row = (cells: readonly string[]) => `│ ${widths.map((width, at) => padded(cells[at] ?? '', width)).join(' │ ')} │`
  return [line('┌', '┬', '┐'), row(heads), line('├', '┼', '┤'), ...rows.map(row), line('└', '┴', '┘')].map((each) => `${each}\n`).join('')
}

const padded = (cell: string, width: number) => cell + ' '.repeat(width - [...cell].length)
