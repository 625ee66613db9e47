// Labels and label selectors, as Kubernetes means them (meta/v1 LabelSelector).

export type Labels = Readonly<Record<string, string>>

export interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** All requirements must hold; none at all selects everything. `matchLabels` is spelled as `In` with one value. */
export type LabelSelector = readonly Requirement[]

/** Does the selector match? `NotIn` and `DoesNotExist` match a label that is not there (meta/v1: "NotIn … or the key is absent"). */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((requirement) => holds(requirement, Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined))
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/** The same text for the same selector, however it was written: the key by which equal selectors are found. */
export function canonical(selector: LabelSelector): string {
  const parts = selector.map(({ key, operator, values }) => JSON.stringify([key, operator, ...[...new Set(values)].sort()]))
  return [...new Set(parts)].sort().join('&')
}
