import type { Check } from '../check.ts'

const NAMES = ['hostNetwork', 'hostPID', 'hostIPC'] as const

export const HOST_NAMESPACES: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [
    {
      since: 0,
      run: (pod) => {
        if (!(pod.hostNetwork || pod.hostPID || pod.hostIPC)) return undefined
        const shared = NAMES.filter((name) => pod[name])
        return {
          reason: 'host namespaces',
          detail: shared.map((name) => `${name}=true`).join(', '),
          fields: shared.map((name) => `${pod.own.path}.${name}`),
        }
      },
    },
  ],
}
