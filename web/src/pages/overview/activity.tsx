import { Button, Skeleton } from '@mantine/core'
import { IconActivity } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import { activityQuery } from '../../api/queries'
import type { FieldEvent } from '../../api/types'
import { eventPhrase } from '../../format/events'
import { useFormat } from '../../format/use-format'
import { belongsInFeed } from '../../live/effects'
import { mergeEvents } from '../../live/feed'
import { useLiveEvents } from '../../live/provider'
import { useCan, useSession } from '../../session/context'
import { Ago } from '../../ui/ago'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { Panel } from '../../ui/panel'
import { isCollection, useCanList } from '../records/collections'
import classes from './activity.module.css'
import { eventIcon } from './event-icon'

export function Activity() {
  const session = useSession()
  const live = useLiveEvents()
  const stored = useInfiniteQuery(activityQuery(session))
  const events = mergeEvents(
    live,
    (stored.data?.pages ?? []).flatMap(page => page.items),
  ).filter(belongsInFeed)
  const liveIds = new Set(live.map(event => event.id))

  return (
    <Panel title="Activity" className={classes.panel}>
      {events.length > 0 ? (
        <div className={classes.scroll}>
          <ol>
            {events.map(event => (
              <Item key={event.id} event={event} arrived={liveIds.has(event.id)} />
            ))}
          </ol>
          {stored.hasNextPage && (
            <Button
              variant="subtle"
              color="gray"
              size="xs"
              className={classes.more}
              loading={stored.isFetchingNextPage}
              onClick={() => void stored.fetchNextPage()}
            >
              Show earlier
            </Button>
          )}
        </div>
      ) : stored.isError ? (
        <Failure error={stored.error} onRetry={() => void stored.refetch()} />
      ) : stored.isPending ? (
        <Waiting />
      ) : (
        <Empty icon={IconActivity} title="Nothing has happened yet">
          Completed visits, approved quotes and payments show here as they happen.
        </Empty>
      )}
    </Panel>
  )
}

const Item = memo(function Item({ event, arrived }: { event: FieldEvent; arrived: boolean }) {
  const format = useFormat()
  const { id, title, amountCents, collection } = event.data
  // A task's detail is its kind, in a word for programs.
  const detail = collection === 'tasks' ? undefined : event.data.detail
  const Icon = eventIcon(event.type)
  return (
    <li
      className={arrived ? `${classes.item} fb-enter` : classes.item}
      data-testid="activity-item"
      data-event-id={event.id}
      data-entity={id}
      data-subject={event.subject}
      data-type={event.type}
    >
      <Icon
        size={18}
        stroke={1.6}
        className={classes.icon}
        data-good={isGood(event.type) || undefined}
        aria-hidden
      />
      <span className={classes.text}>
        <span className={classes.what}>
          <Target event={event}>{eventPhrase(event.type)}</Target>
          {typeof amountCents === 'number' && (
            <span className={classes.amount}>{format.money(amountCents)}</span>
          )}
        </span>
        {(title || detail) && (
          <span className={classes.about}>{[title, detail].filter(Boolean).join(' · ')}</span>
        )}
      </span>
      <time dateTime={event.time} title={format.dateTime(event.time)} className={classes.time}>
        <Ago time={event.time} />
      </time>
    </li>
  )
})

/** The phrase, as a link where there is something to open. */
function Target({ event, children }: { event: FieldEvent; children: string }) {
  const canList = useCanList()
  const can = useCan()
  const { collection, id } = event.data
  if (collection === 'tasks' && id && can('task:read')) {
    return (
      <Link to="/operations/$id" params={{ id }} className={classes.phrase} preload={false}>
        {children}
      </Link>
    )
  }
  if (
    !collection ||
    !id ||
    !isCollection(collection) ||
    !canList(collection) ||
    event.type.endsWith('.deleted')
  ) {
    return <span className={classes.phrase}>{children}</span>
  }
  return (
    <Link to="/$collection/$id" params={{ collection, id }} className={classes.phrase} preload={false}>
      {children}
    </Link>
  )
}

function isGood(type: string): boolean {
  return /\.(completed|approved|converted|paid|received)$/.test(type)
}

function Waiting() {
  return (
    <div className={classes.waiting} aria-hidden>
      {Array.from({ length: 7 }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
        <Skeleton key={i} height={36} />
      ))}
    </div>
  )
}
