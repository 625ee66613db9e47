/** `make`, done once for each object and forgotten with it. For values that never change and are costly to look at twice. */
export function oncePer<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>()
  return (key) => {
    const present = made.get(key)
    if (present !== undefined) return present
    const value = make(key)
    made.set(key, value)
    return value
  }
}
