import { createPublicKey, type KeyObject } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { ATTEST_TYPES, said } from '../../crossings/attestation/said.ts'
