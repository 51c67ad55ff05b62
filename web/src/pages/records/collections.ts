import type { Collection, Permission } from '../../api/types'

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

/** What a member must be allowed to do to see the list. */
export function permissionFor(collection: Collection): Permission {
  return collection === 'invoices' || collection === 'payments' ? 'finance:read' : 'record:read'
}
