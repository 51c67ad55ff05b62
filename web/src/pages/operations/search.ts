import type { TaskFilter } from '../../api/queries'

/** Which tasks the page shows, as its address has it. */
export interface OperationsSearch {
  kind?: string | undefined
  state?: TaskFilter['state']
  /** Only what one asked for oneself. */
  mine?: 'yes' | undefined
  /** Only the parts of one task. */
  parent?: string | undefined
}

/** The states to choose from; `waiting` is also what is scheduled, or tried again later. */
export const states: { value: NonNullable<TaskFilter['state']> | ''; label: string }[] = [
  { value: '', label: 'Any state' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'running', label: 'Running' },
  { value: 'parted', label: 'Waiting for parts' },
  { value: 'done', label: 'Done' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
]

/** Keeps of an address what the page understands. */
export function operationsSearch(search: Record<string, unknown>): OperationsSearch {
  const kept: OperationsSearch = {}
  if (typeof search.kind === 'string' && /^[\w.-]{1,64}$/.test(search.kind)) kept.kind = search.kind
  const state = states.find(({ value }) => value && value === search.state)
  if (state?.value) kept.state = state.value
  if (search.mine === 'yes') kept.mine = 'yes'
  if (typeof search.parent === 'string' && search.parent && search.parent.length <= 128) {
    kept.parent = search.parent
  }
  return kept
}
