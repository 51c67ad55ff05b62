import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ListFilter, listQuery } from '../../api/queries'
import type { Collection, RecordTypes } from '../../api/types'
import { useFormat } from '../../format/use-format'
import { collectionName } from '../../format/words'
import { useCan, useSession } from '../../session/context'
import { Status } from '../../ui/status'
import { useCanList } from './collections'
import classes from './related.module.css'
import { anySpecOf } from './specs'

interface Relation {
  collection: Collection
  filter: (id: string) => ListFilter
}

const ofClient = (id: string): ListFilter => ({ clientId: id, limit: 5 })

const relations: Partial<Record<Collection, Relation[]>> = {
  clients: [
    { collection: 'jobs', filter: ofClient },
    { collection: 'quotes', filter: ofClient },
    { collection: 'invoices', filter: ofClient },
  ],
  jobs: [{ collection: 'visits', filter: id => ({ jobId: id, sort: '-startAt', limit: 10 }) }],
  invoices: [{ collection: 'payments', filter: id => ({ invoiceId: id, limit: 10 }) }],
}

/** The latest of what belongs to a record: a client's jobs, a job's visits, an invoice's payments. */
export function Related({ collection, id }: { collection: Collection; id: string }) {
  const canList = useCanList()
  return (relations[collection] ?? [])
    .filter(relation => canList(relation.collection))
    .map(relation => (
      <Latest key={relation.collection} collection={relation.collection} filter={relation.filter(id)} />
    ))
}

function Latest({ collection, filter }: { collection: Collection; filter: ListFilter }) {
  const session = useSession()
  const format = useFormat()
  const finance = useCan()('finance:read')
  const spec = anySpecOf(collection)
  const list = useInfiniteQuery(
    listQuery(session, collection, { ...filter, sort: filter.sort ?? spec.defaultSort }),
  )
  const records = (list.data?.pages[0]?.items ?? []) as RecordTypes[Collection][]
  if (records.length === 0) return null
  return (
    <section aria-label={collectionName(collection)}>
      <header className={classes.head}>
        <h3>{collectionName(collection)}</h3>
        {list.hasNextPage && filter.clientId && (
          <Link to="/$collection" params={{ collection }} search={{ clientId: filter.clientId }}>
            See all
          </Link>
        )}
      </header>
      <ul className={classes.rows}>
        {records.map(record => {
          const status = spec.status?.(record)
          return (
            <li key={record.id}>
              <Link to="/$collection/$id" params={{ collection, id: record.id }} preload={false}>
                {spec.name(record, format)}
              </Link>
              <span>{status && <Status value={status} />}</span>
              <span className={classes.figure}>
                {(finance || !spec.figureIsFinance) && spec.figure?.(record, format)}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
