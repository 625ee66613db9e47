// What a policy is asked, at every door in the same frame: when, who, what, and around it where.
import { z } from 'zod'
import { MODES } from '../../core/workload.ts'
import { admissionRequest } from './admission-request.ts'
import { appraised } from './appraisal.ts'
import { artifact, image, local, openedFile, response, traffic } from './object.ts'
import { process, userInfo, workload } from './subject.ts'
import { time } from './time.ts'

export const API_VERSION = 'thymus.dev/v1'

const text = z.string()

export const context = z
  .strictObject({
    node: text.exactOptional().describe('The node on which it is asked.'),
    cluster: text.exactOptional().describe('The cluster of the node.'),
    mode: z.enum(MODES).describe('The strongest that can come of a denial here: counted, reported, or enforced.'),
  })
  .meta({ id: 'Context', description: 'The place, and what a denial does there.' })

/** Of a gate: `what` is `object`, or for admission `request`. */
function door<const Gate extends string, Subject extends z.ZodType, What extends z.ZodRawShape>(
  gate: Gate,
  description: string,
  subject: Subject,
  what: What,
) {
  return z
    .strictObject({
      apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
      gate: z.literal(gate).describe('Where it can be stopped.'),
      time: time.describe('When it was asked (RFC 3339).'),
      subject: subject.describe('Who asks.') as Subject,
      ...what,
      context: context.describe('Where it is asked.'),
    })
    .meta({ description })
}

const someProcess = z.strictObject({
  workload: workload.describe('In which it happens.'),
  process: process.exactOptional().describe('Which does it; left out where the kernel sees none, as for a packet.'),
})

export const REQUESTS = {
  admit: door('admit', 'An object of Kubernetes is to be stored.', z.strictObject({ user: userInfo.describe('Who sent it.') }), {
    request: admissionRequest.describe('AdmissionRequest of Kubernetes, under its own names.'),
  }),
  exec: door('exec', 'An image is to be executed.', someProcess, { object: image.describe('The image.') }),
  open: door('open', 'A file is to be opened.', someProcess, { object: openedFile.describe('The file.') }),
  connect: door('connect', 'A workload starts traffic.', someProcess, { object: traffic.describe('Where it leads.') }),
  accept: door('accept', 'Somebody starts traffic to a workload.', someProcess, { object: traffic.describe('Where it comes from.') }),
  bind: door('bind', 'A port is to be taken.', someProcess, { object: local.describe('The port.') }),
  release: door(
    'release',
    'An artifact is to be let into use: pulled, promoted, deployed.',
    z.strictObject({
      user: userInfo.exactOptional().describe('Who asks for it.'),
      workload: workload.exactOptional().describe('For which it is asked.'),
    }),
    { object: artifact.describe('The artifact.') },
  ),
  attest: door(
    'attest',
    'Somebody presents evidence of what it is or runs on.',
    z.strictObject({
      node: text.exactOptional().describe('The node that is to be believed.'),
      workload: workload.exactOptional().describe('The workload that is to be believed.'),
    }),
    {
      object: z
        .strictObject({ ...appraised, nonce: text.exactOptional().describe('What it had to answer, so that it is new.') })
        .describe('The evidence, judged.'),
    },
  ),
  respond: door('respond', 'A response to a finding is proposed.', someProcess, { object: response.describe('The response.') }),
} as const

export type Door = keyof typeof REQUESTS
export const DOORS = Object.keys(REQUESTS) as readonly Door[]

/** Any request. What is not named here is refused. */
export const request = z
  .discriminatedUnion('gate', [
    REQUESTS.admit,
    REQUESTS.exec,
    REQUESTS.open,
    REQUESTS.connect,
    REQUESTS.accept,
    REQUESTS.bind,
    REQUESTS.release,
    REQUESTS.attest,
    REQUESTS.respond,
  ])
  .meta({ description: 'What a policy is asked, at any gate.' })

/** A document is never changed. */
export type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

export type Request<Gate extends Door = Door> = Frozen<z.infer<(typeof REQUESTS)[Gate]>>
export type Process = Frozen<z.infer<typeof process>>
export type Context = Frozen<z.infer<typeof context>>
