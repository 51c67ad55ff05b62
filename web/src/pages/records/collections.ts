import type { Collection, Permission, Scope } from '../../api/types'
import { useScope } from '../../session/context'

/** The collections with a list of their own, in the order of the work: from a client to a payment. */
export const collections: Collection[] = [
  'clients',
  'requests',
  'quotes',
  'jobs',
  'visits',
  'invoices',
  'payments',
]

export function isCollection(name: string): name is Collection {
  return (collections as string[]).includes(name)
}

/** Who may see the list. Visits are narrowed to the crew of those who may see no more; the other lists are not. */
export function canList(
  collection: Collection,
  scopeOf: (permission: Permission) => Scope | undefined,
): boolean {
  if (collection === 'visits') return scopeOf('record:read') !== undefined
  const needed = collection === 'invoices' || collection === 'payments' ? 'finance:read' : 'record:read'
  return scopeOf(needed) === 'account'
}

/** Whether one may see a collection's list, and open its records from elsewhere. */
export function useCanList(): (collection: Collection) => boolean {
  const scopeOf = useScope()
  return collection => canList(collection, scopeOf)
}
