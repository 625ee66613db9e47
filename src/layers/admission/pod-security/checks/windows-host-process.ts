import { type Check, holders, securityFields, setters } from '../check.ts'

export const WINDOWS_HOST_PROCESS: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [
    {
      since: 0,
      run: (pod) => {
        const bad = holders(pod, ({ security }) => security.hostProcess)
        if (bad.length === 0) return undefined
        const detail = `${setters(pod, bad)} must not set securityContext.windowsOptions.hostProcess=true`
        return { reason: 'hostProcess', detail, fields: securityFields(bad, 'windowsOptions.hostProcess') }
      },
    },
  ],
}
