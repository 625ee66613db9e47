// A rule of core's, as the documents show it.
import { z } from 'zod'
import type { Gate, Rule } from '../../core/policy.ts'

const text = z.string()
export const port = z.int().min(0).max(65_535)
export const transport = z.enum(['TCP', 'UDP', 'SCTP'])

export const span = z.strictObject({
  file: text.describe('The file as it was named.'),
  line: z.int().min(1).describe('From one.'),
  column: z.int().min(1).describe('From one.'),
})

const requirement = z.strictObject({
  key: text.describe('Of the label.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('As in a LabelSelector of Kubernetes.'),
  values: z.array(text).describe('For In and NotIn.'),
})

const GATES = ['exec', 'open', 'connect', 'accept', 'bind', 'cred', 'module', 'admit', 'release'] as const satisfies readonly Gate[]

export const rule = z
  .strictObject({
    cookie: z.int().min(0).describe('Unique in its policy.'),
    source: span.describe('Where it was written.'),
    gate: z.enum(GATES).describe('Where it is asked.'),
    when: z
      .discriminatedUnion('is', [
        z.strictObject({
          is: z.literal('traffic').describe('What it speaks of.'),
          peer: z
            .discriminatedUnion('is', [
              z.strictObject({ is: z.literal('anyone').describe('Who is meant.') }),
              z.strictObject({
                is: z.literal('workloads'),
                selector: z
                  .strictObject({
                    namespace: text.exactOptional().describe('Its name.'),
                    namespaces: z.array(requirement).exactOptional().describe('Labels of the namespace.'),
                    workloads: z.array(requirement).describe('Labels of the workload.'),
                  })
                  .describe('All of it must hold.'),
              }),
              z.strictObject({
                is: z.literal('addresses'),
                block: z
                  .strictObject({ cidr: text.describe('A range.'), except: z.array(text).describe('Ranges inside it that are not meant.') })
                  .describe('Addresses.'),
              }),
            ])
            .describe('The other end.'),
          protocol: transport.exactOptional().describe('Left out for all.'),
          ports: z.tuple([port, port]).exactOptional().describe('First and last; left out for all.'),
        }),
        z.strictObject({
          is: z.literal('path'),
          path: text.describe('A file, or a folder.'),
          below: z.boolean().describe('All below the folder is meant.'),
        }),
        z.strictObject({ is: z.literal('fileless') }),
        z.strictObject({ is: z.literal('content'), sha256: text.describe('Of a file, in hexadecimal.') }),
      ])
      .describe('What it matches.'),
    effect: z.enum(['allow', 'deny']).describe('What it says.'),
    rank: z.int().describe('The highest of those that match wins; among equals a deny.'),
  })
  .meta({ id: 'Rule', description: 'What a kernel or a door can decide.' }) satisfies z.ZodType<Rule>
