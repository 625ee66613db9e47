// AdmissionRequest of admission.k8s.io/v1, as Go's JSON has it: what is empty is left out, objects that are not there are null.
import { z } from 'zod'
import type { GroupVersionKind } from '../kubernetes/object.ts'
import { userInfo } from './subject.ts'

const text = z.string()
const object = z.record(text, z.unknown()).nullable()
const kind = z
  .strictObject({
    group: text.describe('Empty for the core group.'),
    version: text.describe('As `v1`.'),
    kind: text.describe('As `Pod`.'),
  })
  .meta({ id: 'GroupVersionKind', description: 'A kind of object.' }) satisfies z.ZodType<GroupVersionKind>
const resource = z
  .strictObject({
    group: text.describe('Empty for the core group.'),
    version: text.describe('As `v1`.'),
    resource: text.describe('As `pods`.'),
  })
  .meta({ id: 'GroupVersionResource', description: 'Where objects of a kind are served.' })

export const admissionRequest = z.strictObject({
  uid: text.describe('Names this request.'),
  kind: kind.describe('Of `object`.'),
  resource: resource.describe('Which is asked for.'),
  subResource: text.exactOptional().describe('As `status`.'),
  requestKind: kind.exactOptional().describe('As the client sent it.'),
  requestResource: resource.exactOptional().describe('As the client sent it.'),
  requestSubResource: text.exactOptional().describe('As the client sent it.'),
  name: text.exactOptional().describe('Left out where it is yet to be generated.'),
  namespace: text.exactOptional().describe('Left out for objects of the cluster.'),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']).describe('What is to be done.'),
  userInfo: userInfo.describe('Who asks.'),
  object: object.describe('The object as it would be; null for DELETE.'),
  oldObject: object.describe('The object as it is; null for CREATE and CONNECT.'),
  dryRun: z.boolean().describe('Nothing will be stored.'),
  options: object.describe('CreateOptions, UpdateOptions, DeleteOptions.'),
})
