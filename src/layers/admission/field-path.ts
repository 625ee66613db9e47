// Paths of fields as policies and Kubernetes write them: `spec.containers[0].image`, `metadata.annotations["example.com/a"]`.

export type FieldPath = readonly (string | number)[]

/** Longer ones are no paths of objects. */
const MAX_LENGTH = 4_096
const STEP = /(?:^|\.)([^.[\]"]+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]/y

/** Undefined for what is no path. */
export function parseFieldPath(text: string): FieldPath | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const path: (string | number)[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const [, name, index, quoted] = STEP.exec(text) ?? []
    if (name !== undefined) path.push(name)
    else if (index !== undefined) path.push(Number(index))
    else if (quoted !== undefined) path.push(quoted.replace(/\\(.)/g, '$1'))
    else return undefined
  }
  return path
}

export function fieldPathText(path: FieldPath): string {
  return path
    .map((step, at) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`
      return at === 0 ? step : `.${step}`
    })
    .join('')
}
