// Maps the ring that it inherited as descriptor 4 and reads it once. Usage: ring-probe.ts SIZE; prints the number of records.
import { MappedRing } from '../../src/adapters/linux/bpf/ring.ts'

const ring = new MappedRing(4, Number(process.argv[2]))
console.log(ring.drain(() => {}, 1_000_000))
ring.close()
