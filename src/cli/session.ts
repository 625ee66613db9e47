// What most commands begin with: where this instance is, and its agent.
import { type Places, places } from '../agent/places.ts'
import { Client } from './client.ts'

export function here(): { readonly at: Places; readonly client: Client } {
  const at = places()
  return { at, client: new Client(at) }
}
