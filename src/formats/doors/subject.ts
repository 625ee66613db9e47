// Who asks: the workload, the process in it, the user.
import { z } from 'zod'

const text = z.string()

export const workload = z
  .strictObject({
    namespace: text.describe('Its namespace.'),
    name: text.describe('Its name, unique in the namespace.'),
    labels: z.record(text, text).describe('Labels, as Kubernetes has them.'),
    image: text.exactOptional().describe('Reference of the image that it runs.'),
    identity: text.exactOptional().describe('The name by which it was attested, as a SPIFFE ID.'),
  })
  .meta({ id: 'Workload', description: 'What policy speaks about: a container, a service, a control group and all below it.' })

export const process = z
  .strictObject({
    pid: z.int().min(0).describe('Number in the namespace of the node.'),
    name: text.describe('As the kernel shows it (`comm`).'),
    executable: text.exactOptional().describe('Path of the image that it runs; left out where that was not seen.'),
    arguments: z.array(text).exactOptional().describe('What it was started with, its own name first.'),
    user: z
      .strictObject({
        uid: z.int().min(0).describe('Real user id.'),
        euid: z.int().min(0).describe('Effective user id.'),
      })
      .describe('Whose it is.'),
    ancestors: z
      .array(
        z.strictObject({
          pid: z.int().min(0).describe('Its number; 0 where it is not known.'),
          executable: text.exactOptional().describe('What it ran when it started the next one; left out where that was not seen.'),
        }),
      )
      .describe('Its parent, the parent of that, and so on.'),
  })
  .meta({ id: 'Process', description: 'A process as the kernel saw it. Its texts are what somebody else chose.' })

export const userInfo = z
  .strictObject({
    username: text.exactOptional().describe('Name; left out for nobody.'),
    uid: text.exactOptional().describe('Tells users of one name apart who follow each other.'),
    groups: z.array(text).exactOptional().describe('Names of groups.'),
    extra: z.record(text, z.array(text)).exactOptional().describe('What the authenticator adds.'),
  })
  .meta({ id: 'UserInfo', description: 'A user as Kubernetes knows one (authentication/v1 UserInfo).' })
