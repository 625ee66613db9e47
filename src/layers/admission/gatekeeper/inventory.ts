// What is known of the cluster: `data.inventory.cluster[apiVersion][kind][name]` and `.namespace[namespace][apiVersion][kind][name]`.
import { ThymusError } from '../../../core/errors.ts'
import { apiVersionOf, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../../formats/kubernetes/object.ts'
import { fromHost } from '../../../lang/rego/values/host.ts'
import { RegoObject, type Value } from '../../../lang/rego/values/value.ts'

/** Made a value again where something in it has changed: of a large cluster that is little at a time. */
class Folder {
  readonly inside = new Map<string, Folder | Value>()
  #value: Value | undefined

  get value(): Value {
    this.#value ??= RegoObject.of([...this.inside].map(([name, each]) => [name, each instanceof Folder ? each.value : each] as const))
    return this.#value
  }

  changed(): void {
    this.#value = undefined
  }
}

export class Inventory {
  readonly #root = new Folder()
  readonly #namespaces = new Map<string, KubernetesObject>()
  #data: Value | undefined

  add(object: KubernetesObject): void {
    const path = pathOf(object)
    let folder = this.#root
    const value = fromHost(object)
    for (const step of path.slice(0, -1)) {
      folder.changed()
      let next = folder.inside.get(step)
      if (!(next instanceof Folder)) {
        next = new Folder()
        folder.inside.set(step, next)
      }
      folder = next
    }
    folder.changed()
    folder.inside.set(path.at(-1)!, value)
    if (isNamespacePath(path)) this.#namespaces.set(path[3]!, object)
    this.#data = undefined
  }

  remove(object: KubernetesObject): void {
    const path = pathOf(object)
    removeAt(this.#root, path)
    if (isNamespacePath(path)) this.#namespaces.delete(path[3]!)
    this.#data = undefined
  }

  /** The Namespace of this name, if it is known. */
  namespace(name: string): KubernetesObject | undefined {
    return this.#namespaces.get(name)
  }

  /** `{"inventory": …}`; the same value until something changes, so that what follows from it alone is computed once. */
  get data(): Value {
    this.#data ??= RegoObject.of([['inventory', this.#root.value]])
    return this.#data
  }
}

/** Throws ThymusError REVIEW for an object of no kind. */
function pathOf(object: KubernetesObject): readonly string[] {
  const kind = kindOf(object)
  const name = nameOf(object)
  if (kind.version === '' || kind.kind === '') throw new ThymusError('REVIEW', 'an object of the inventory has no apiVersion or no kind')
  const namespace = namespaceOf(object)
  const home = namespace === '' ? ['cluster'] : ['namespace', namespace]
  return [...home, apiVersionOf(kind), kind.kind, name]
}

const isNamespacePath = ([home, apiVersion, kind]: readonly string[]) => home === 'cluster' && apiVersion === 'v1' && kind === 'Namespace'

/** Folders that become empty go too. */
function removeAt(folder: Folder, [step, ...rest]: readonly string[]): void {
  folder.changed()
  const inside = folder.inside.get(step!)
  if (rest.length > 0 && inside instanceof Folder) removeAt(inside, rest)
  if (rest.length === 0 || (inside instanceof Folder && inside.inside.size === 0)) folder.inside.delete(step!)
}
