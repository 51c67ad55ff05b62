import type { Collection } from '../../api/types'
import type { Spec } from './spec'
import { clients } from './specs/clients'
import { invoices } from './specs/invoices'
import { jobs } from './specs/jobs'
import { payments } from './specs/payments'
import { quotes } from './specs/quotes'
import { requests } from './specs/requests'
import { visits } from './specs/visits'

const all: { [C in Collection]: Spec<C> } = { clients, requests, quotes, jobs, visits, invoices, payments }

export function specOf<C extends Collection>(collection: C): Spec<C> {
  return all[collection] as unknown as Spec<C>
}

/** A spec for whoever does not care which collection it is; its records must be of the same one. */
export function anySpecOf(collection: Collection): Spec<Collection> {
  return all[collection] as unknown as Spec<Collection>
}

/** The order to ask for: the wanted one where the list can give it to this member, else its own. */
export function sortFor(collection: Collection, wanted: string | undefined, finance: boolean): string {
  const spec = anySpecOf(collection)
  const columns = spec.columns.filter(column => column.sort && (finance || !column.finance))
  const able = [
    ...spec.sorts.filter(sort => finance || !sort.finance).map(sort => sort.value),
    ...columns.flatMap(column => [`${column.sort}`, `-${column.sort}`]),
    ...(collection === 'clients' ? ['name', '-name'] : []),
  ]
  return wanted && able.includes(wanted) ? wanted : spec.defaultSort
}
