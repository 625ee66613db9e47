// What Thymus is willing to hold, and why so much. Limits of one parser or one table stand beside it; these are the ones of the whole agent.

export const KIB = 1 << 10
export const MIB = 1 << 20
export const DAY = 86_400_000

export const LIMITS = {
  /** Processes that are known at once: the smallest default of the kernel's pid_max. About 1 KiB each, most of it the argv of an exec. */
  processes: 32_768,
  /** An exited process is kept until no event may follow: its sockets close after it, and the two rings are read one after the other. ns. */
  exitedFor: 60e9,
  /** Images of one process that are remembered: a chain of wrappers (env, sh, su, the program) replaces its image at most that often. */
  imagesPerProcess: 4,

  /** Rows that the world fills and not the user; beyond them the oldest go. About 0.5 KiB each: together under 150 MiB. */
  findings: 100_000,
  decisions: 100_000,
  flows: 50_000,
  generations: 1_000,
  /** Long enough for a look back at last month's incident. ms. */
  findingsFor: 90 * DAY,
  decisionsFor: 30 * DAY,
  flowsFor: 30 * DAY,
  /** Targets that one rule's denials to one workload are told apart by, a minute; a scan of more is counted as one row. */
  targetsPerRule: 256,

  /** Of one raw event: the kernel's largest has 1.6 KiB. A length above it is no length. */
  record: 64 * KIB,
  /** Small enough that throwing the oldest away loses little; large enough that a folder holds few. */
  segment: 16 * MIB,
  /** Raw events, all segments together. */
  segments: 512 * MIB,
  segmentsFor: 7 * DAY,
} as const
