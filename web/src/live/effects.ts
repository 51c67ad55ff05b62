import { keys } from '../api/queries'
import type { FieldEvent } from '../api/types'

/** The JSON of a query key prefix: text, so that a set holds each once. */
export type Touched = string

/** Every query. */
export const everything: Touched = '[]'

/** Collections whose records move a figure of the summary. Clients and properties move none. */
const counted = new Set(['requests', 'quotes', 'jobs', 'visits', 'invoices', 'payments', 'users'])

/** The queries that an event makes out of date. */
export function touchedBy(event: FieldEvent): Touched[] {
  const [subject] = event.type.split('.')
  if (event.type === 'sync.completed') return [everything]
  if (subject === 'sync' || subject === 'jobber') {
    return [keys.sync, keys.summary()].map(text)
  }
  const { collection, id } = event.data
  if (!collection || !id) return []
  const touched = [keys.lists(collection), keys.record(collection, id)].map(text)
  return counted.has(collection) ? [text(keys.summary()), ...touched] : touched
}

function text(key: readonly unknown[]): Touched {
  return JSON.stringify(key)
}

/** Progress of a copy is shown by its banner, not told line by line. */
export function belongsInFeed(event: FieldEvent): boolean {
  return event.type !== 'sync.progress'
}
