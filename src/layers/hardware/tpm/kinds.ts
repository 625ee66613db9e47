/** Endorsement keys, by their template (templates.ts). */
export const ENDORSEMENT_KINDS = ['p256', 'p384', 'rsa2048', 'p256-high', 'rsa2048-high', 'rsa3072'] as const
export type EndorsementKind = (typeof ENDORSEMENT_KINDS)[number]

/** Keys that are made below the storage root. */
export const KEY_KINDS = ['p256', 'p384', 'rsa2048', 'rsa3072'] as const
export type KeyKind = (typeof KEY_KINDS)[number]
