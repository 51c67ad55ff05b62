import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { listQuery } from '../../api/queries'
import type { Client, Collection, RecordTypes } from '../../api/types'
import { useFormat } from '../../format/use-format'
import { collectionName } from '../../format/words'
import { useCan, useSession } from '../../session/context'
import { Status } from '../../ui/status'
import { permissionFor } from './collections'
import classes from './related.module.css'
import type { Spec } from './spec'
import { specOf } from './specs'

const shown: Collection[] = ['jobs', 'quotes', 'invoices']

/** The latest of a client's jobs, quotes and invoices. */
export function Related({ client }: { client: Client }) {
  const can = useCan()
  return shown
    .filter(collection => can(permissionFor(collection)))
    .map(collection => <Latest key={collection} collection={collection} clientId={client.id} />)
}

function Latest({ collection, clientId }: { collection: Collection; clientId: string }) {
  const session = useSession()
  const format = useFormat()
  const finance = useCan()('finance:read')
  const spec = specOf(collection) as unknown as Spec<Collection, RecordTypes[Collection]>
  const list = useInfiniteQuery(
    listQuery(session, collection, { clientId, sort: spec.defaultSort, limit: 5 }),
  )
  const records = (list.data?.pages[0]?.items ?? []) as RecordTypes[Collection][]
  if (records.length === 0) return null
  return (
    <section aria-label={collectionName(collection)}>
      <header className={classes.head}>
        <h3>{collectionName(collection)}</h3>
        {list.hasNextPage && (
          <Link to="/$collection" params={{ collection }} search={{ clientId }}>
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
              {status && <Status value={status} />}
              <span className={classes.figure}>{finance && spec.figure?.(record, format)}</span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
