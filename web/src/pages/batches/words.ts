import type { BatchCounts, BatchRow, BatchRowState } from '../../api/types'
import { count } from '../../format/number'
import { capital } from '../../format/words'

/** The states of rows, in the order in which they are told, and what each is called. */
export const rowStates: { state: BatchRowState; count: (counts: BatchCounts) => number; name: string }[] = [
  { state: 'pending', count: counts => counts.pending, name: 'To do' },
  { state: 'done', count: counts => counts.done, name: 'Done' },
  { state: 'failed', count: counts => counts.failed, name: 'Failed' },
  { state: 'unsure', count: counts => counts.unsure, name: 'Unsure' },
  { state: 'invalid', count: counts => counts.invalid, name: 'Left out' },
  { state: 'unchanged', count: counts => counts.unchanged, name: 'Nothing to do' },
]

export function rowStateName(state: BatchRowState): string {
  if (state === 'doing') return 'In hand'
  return rowStates.find(one => one.state === state)?.name ?? capital(state)
}

const fields: Record<string, string> = {
  firstName: 'First name',
  lastName: 'Last name',
  companyName: 'Company',
  postalCode: 'Postal code',
}

export function fieldName(field: string): string {
  return fields[field] ?? capital(field)
}

const deeds: Record<BatchRow['does'], string> = {
  create: 'Create',
  edit: 'Edit',
  tag: 'Tag',
  untag: 'Untag',
  archive: 'Archive',
  unarchive: 'Unarchive',
  complete: 'Complete',
  send: 'Mark as sent',
}

export function deedName(does: BatchRow['does']): string {
  return deeds[does] ?? capital(does)
}

/** How far a batch is, from 0 to 100: of the rows that there is something to do for. */
export function percentDone({ pending, done, failed, unsure }: BatchCounts): number {
  const ended = done + failed + unsure
  return pending + ended === 0 ? 100 : Math.floor((100 * ended) / (pending + ended))
}

/** `12 done, 1 failed, 3 to do`. */
export function summary(counts: BatchCounts): string {
  return rowStates
    .filter(one => one.count(counts) > 0)
    .map(one => `${count(one.count(counts))} ${one.name.toLowerCase()}`)
    .join(', ')
}
