import { type Check, named, securityFields } from '../check.ts'

export const PRIVILEGED: Check = {
  id: 'privileged',
  level: 'baseline',
  versions: [
    {
      since: 0,
      run: ({ containers }) => {
        const bad = containers.filter(({ security }) => security.privileged)
        if (bad.length === 0) return undefined
        const detail = `${named(bad)} must not set securityContext.privileged=true`
        return { reason: 'privileged', detail, fields: securityFields(bad, 'privileged') }
      },
    },
  ],
}
