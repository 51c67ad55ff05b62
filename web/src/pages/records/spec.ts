import type { ReactNode } from 'react'
import type { Collection, RecordTypes } from '../../api/types'
import type { Format } from '../../format/use-format'

export interface Column<R> {
  header: string
  cell: (record: R, format: Format) => ReactNode
  /** The field of `sort` that orders by this column, when the list can. */
  sort?: string
  /** The first press of the header sorts downwards: newest or largest first. */
  downFirst?: boolean
  numeric?: boolean
  /** Only for those who may read money. */
  finance?: boolean
  /** Left out where the table is narrow. */
  wideOnly?: boolean
}

export interface Field<R> {
  label: string
  value: (record: R, format: Format) => ReactNode
  finance?: boolean
}

export interface Sort {
  value: string
  label: string
  finance?: boolean
}

export const lastChanged: Sort = { value: '-updatedAt', label: 'Last changed' }

/** What a list and a detail page of one collection show. */
export interface Spec<C extends Collection, R = RecordTypes[C]> {
  collection: C
  /** What the search looks through. */
  searches: string
  statuses: string[]
  defaultSort: string
  sorts: Sort[]
  /** What the record is called, on its own. */
  name: (record: R, format: Format) => string
  /** Who or what it belongs to, under the name on a phone and in the detail's head. */
  context: (record: R, format: Format) => string
  status?: (record: R) => string | undefined
  /** What stands at the right on a phone. */
  figure?: (record: R, format: Format) => string | undefined
  figureIsFinance?: boolean
  columns: Column<R>[]
  fields: Field<R>[]
  emptyTitle?: string
  empty: string
}
