import { keys } from '../api/queries'
import type { FieldEvent } from '../api/types'
import type { LiveEvent } from '../realtime'

/** The JSON of a query key prefix: text, so that a set holds each once. */
export type Touched = string

/** Every query. */
export const everything: Touched = '[]'

/** Collections whose records move a figure of the summary. Clients and properties move none. */
const counted = new Set(['requests', 'quotes', 'jobs', 'visits', 'invoices', 'payments', 'users'])

/** What shows who is in the business, and what shows a member's sign-ins. */
const ofMembers = [keys.members, keys.invitations]
const ofSessions = [keys.sessions, keys.memberSessions(), keys.liveConnections]

/** Security events that leave all that is shown as it is. The audit log is read anew by whoever looks into it. */
const quiet = new Set(['limit_tightened', 'audit_read', 'events_replayed', 'events_expired'])

/** The queries that an event makes out of date. */
export function touchedBy(event: LiveEvent): Touched[] {
  const [subject, what = ''] = event.type.split('.')
  if (event.type === 'sync.completed') return [everything]
  if (subject === 'sync' || subject === 'jobber' || subject === 'health') {
    return [keys.sync, keys.summary()].map(text)
  }
  // A member's role or absence ends sessions, and changes which keys are theirs.
  if (subject === 'member') return [...ofMembers, ...ofSessions, keys.apiKeys].map(text)
  if (subject === 'security') {
    if (what.startsWith('key_')) return [text(keys.apiKeys)]
    if (what === 'settings_changed') return [text(keys.account)]
    if (what === 'connection_ended') return [text(keys.liveConnections)]
    // Erasing a person deletes the exports that tell of them.
    if (what === 'export_made' || what === 'person_erased') return [text(keys.auditExports)]
    return quiet.has(what) ? [] : ofSessions.map(text)
  }
  if (subject === 'batch') return [text(keys.batches)]
  const { collection, id } = event.data
  if (subject === 'task') {
    const counts = what === 'progress' ? [] : [keys.taskKinds]
    return [keys.tasks, keys.task(id), ...counts, ...ofTask(event.data.detail)].map(text)
  }
  if (!collection) return []
  const touched = [keys.lists(collection), id ? keys.record(collection, id) : keys.records(collection)].map(
    text,
  )
  return counted.has(collection) ? [text(keys.summary()), ...touched] : touched
}

/** What a task of such a kind makes, on pages of its own. */
function ofTask(kind = ''): (readonly unknown[])[] {
  if (kind.startsWith('report.')) return [keys.reports]
  if (kind.startsWith('batch.')) return [keys.batches]
  return []
}

function text(key: readonly unknown[]): Touched {
  return JSON.stringify(key)
}

/**
 * Whether an event is news of the business. Progress is shown where the work is, not told line by line; sign-ins and
 * members have pages of their own; an event that does not say what changed tells nothing.
 */
export function belongsInFeed(event: LiveEvent): event is FieldEvent {
  const { audience, collection, id } = event.data
  return (
    Boolean(event.id && event.time) &&
    (audience === 'operations' || audience === 'finance') &&
    (!collection || Boolean(id)) &&
    !event.type.endsWith('.progress')
  )
}
