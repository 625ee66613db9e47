// Modules, and what `opa fmt` of OPA 1.22.2 writes for them.
import type { SourceOptions } from './source.ts'

export interface Sample extends SourceOptions {
  readonly name: string
  readonly text: string
  readonly formatted: string
}

const OLD = `package b
p { x }
{ y }
q[x] { x = 1 }
r = v { v := [_ | _ = xs[_]] } else = 2 { true }
f(1)
s["a"] = true
`

export const SAMPLES: readonly Sample[] = [
  {
    name: 'imports stand in sorted groups, comments beside them stay',
    from: 'v1',
    version: 'v1',
    text: `# head
package a.b["c-d"].e
import data.z
import data.y as w   # why
import input.x

import future.keywords.in
`,
    formatted: `# head
package a.b["c-d"].e

import data.y as w # why
import data.z
import input.x

import future.keywords.in
`,
  },
  {
    name: 'a METADATA block is set apart from the one before',
    from: 'v1',
    version: 'v1',
    text: `package p
default allow=false
# METADATA
# title: one
# METADATA
# title: two
allow if { input.x==1;not f(input.y)  with input as {"a":1} with data.z as 2 }
`,
    formatted: `package p

default allow := false

# METADATA
# title: one

# METADATA
# title: two
allow if {
	input.x == 1
	not f(input.y) with input as {"a": 1} with data.z as 2
}
`,
  },
  {
    name: 'what was on one row stays on one row',
    from: 'v1',
    version: 'v1',
    text: `package p
p contains {"k":[1,2],
"l":3} if some k,v in xs
f(x,
 y) := x if x>y
else := y if { y>0 }
else := 0
g(_) := [1,
# inside
2,
3 ]
h(xs) if { every k, v in xs { k == "a"
v > 0 } }
`,
    formatted: `package p

p contains {
	"k": [1, 2],
	"l": 3,
} if some k, v in xs

f(
	x,
	y,
) := x if x > y

else := y if y > 0

else := 0

g(_) := [
	1,
	# inside
	2,
	3,
]

h(xs) if every k, v in xs {
	k == "a"
	v > 0
}
`,
  },
  {
    name: 'blank rows become one, operators are grouped, strings stay as written',
    from: 'v1',
    version: 'v1',
    text: `package p
q[x]:= y if { x:=1
y=x+1*2-(3-4)


r:="raw\\u0041" ; s := \`a
b\` }
t := {n | some n in m} | {(a|b), "u"}
u := o["if"].if["a b"][0].c
v := $"a{x}b\\{{ f(y) }\\n"
`,
    formatted: `package p

q[x] := y if {
	x := 1
	y = (x + (1 * 2)) - (3 - 4)

	r := "raw\\u0041"
	s := \`a
b\`
}

t := {n | some n in m} | {(a | b), "u"}
u := o["if"].if["a b"][0].c
v := $"a{x}b\\{{f(y)}\\n"
`,
  },
  {
    name: 'and, or and not keep their braces and get the parentheses they need',
    from: 'v1',
    version: 'v1',
    text: `package c
import future.keywords.not
import future.keywords.or
import future.keywords.and

p if { not {x; y} }
q if (a or b) and
not c
r if { not (x with input as 1); {1} == y }
`,
    formatted: `package c

import future.keywords.and
import future.keywords.not
import future.keywords.or

p if not { x; y }
q if (a or b) and
	not c

r if {
	not (x with input as 1)
	{1} == y
}
`,
  },
  {
    name: 'a comment within a row that would be joined leaves the term as written',
    from: 'v1',
    version: 'v1',
    text: `package p
a := [1 # one
] # two
b := f({"x": y,
  # why
}, 2)
c if { x := [ 1, # one
2 ] # two
  # end
}
`,
    formatted: `package p

a := [1] # one

# two
b := f({"x": y,
  # why
}, 2)

c if x := [
	1, # one
	2, # two
]

# end
`,
  },
  {
    name: 'v0 stays v0',
    from: 'v0',
    version: 'v0',
    text: OLD,
    formatted: `package b

p {
	x
}

p {
	y
}

q[x] {
	x = 1
}

r = v {
	v := [_ | _ = xs[_]]
}

else = 2

f(1)

s["a"] = true
`,
  },
  {
    name: 'v0 becomes what both versions read',
    from: 'v0',
    version: 'v0v1',
    text: OLD,
    formatted: `package b

import rego.v1

p if x
p if y
q contains x if x = 1

r := v if v := [_ | _ = xs[_]]

else := 2

f(1)
s["a"] := true
`,
  },
  {
    name: 'a wildcard that two rules share gets a name',
    from: 'v0',
    version: 'v0',
    text: `package p
f([_, x]) { x } { not x }
`,
    formatted: `package p

f([_0, x]) {
	x
}

f([_0, x]) {
	not x
}
`,
  },
  {
    name: 'with goes deeper when it stands on later rows',
    from: 'v1',
    version: 'v1',
    text: `package p
p if {
	f(x) with input as 1
		with data.a as 2
	some a,
		b
	count([x |
		x := 1
	]) == 1 with input as 2
}
`,
    formatted: `package p

p if {
	f(x) with input as 1
		with data.a as 2
	some a,
		b
	count([x |
		x := 1
	]) == 1 with input as 2
}
`,
  },
]
