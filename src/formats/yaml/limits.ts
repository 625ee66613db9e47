// What a file may cost. Parsing and checking a file at all of these limits at once takes seconds, not minutes.

/** Three times what Kubernetes can store of one object (etcd's 1.5 MiB), and about 100,000 short rules. */
export const MAX_BYTES = 4 << 20
/** The most that 4 MiB of ordinary manifests make is 2.4 million; a file of nothing but punctuation makes more, and says nothing. */
export const MAX_TOKENS = 2_500_000
/** The deepest manifest (a list of policies) nests 14 collections; each takes two or three steps of the parser's stack. */
export const MAX_DEPTH = 100
/** One `kubectl get -o yaml` of a very large cluster; also bounds the cost of a file of `---`. */
export const MAX_DOCUMENTS = 10_000
/** Values after aliases are followed: twice what 4 MiB can hold without any. A few doublings beyond that would be a "billion laughs". */
export const MAX_VALUES = 2_000_000
