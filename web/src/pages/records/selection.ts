import { useState } from 'react'
import type { BatchAction, Collection } from '../../api/types'

/** As many as one batch takes. */
export const mostSelected = 5000

export interface Selection {
  ids: string[]
  has: (id: string) => boolean
  toggle: (id: string) => void
  isAll: (shown: { id: string }[]) => boolean
  /** Selects all that are shown, or none when all are. */
  toggleAll: (shown: { id: string }[]) => void
  clear: () => void
}

/** What is selected in a list. Another list, or another filter of it, begins with nothing. */
export function useSelection(list: string): Selection {
  const [state, setState] = useState({ list, ids: new Set<string>() })
  const ids = state.list === list ? state.ids : new Set<string>()
  const set = (next: Set<string>) => setState({ list, ids: next })
  const isAll = (shown: { id: string }[]) => shown.length > 0 && shown.every(({ id }) => ids.has(id))
  return {
    ids: [...ids],
    has: id => ids.has(id),
    toggle: id => {
      const next = new Set(ids)
      if (!next.delete(id)) next.add(id)
      set(next)
    },
    isAll,
    toggleAll: shown =>
      set(isAll(shown) ? new Set() : new Set(shown.map(({ id }) => id).slice(0, mostSelected))),
    clear: () => set(new Set()),
  }
}

export interface SelectionAction {
  action: BatchAction
  label: string
  /** It needs tags to be named. */
  tags?: boolean
}

const actions: Partial<Record<Collection, SelectionAction[]>> = {
  clients: [
    { action: 'clients.tag', label: 'Add tags', tags: true },
    { action: 'clients.untag', label: 'Remove tags', tags: true },
    { action: 'clients.archive', label: 'Archive' },
    { action: 'clients.unarchive', label: 'Unarchive' },
  ],
  visits: [{ action: 'visits.complete', label: 'Complete' }],
  invoices: [{ action: 'invoices.mark_sent', label: 'Mark as sent' }],
}

/** What can be done with a selection of a collection. */
export function actionsFor(collection: Collection): SelectionAction[] {
  return actions[collection] ?? []
}
