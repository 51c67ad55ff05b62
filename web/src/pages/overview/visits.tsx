import { Skeleton } from '@mantine/core'
import { IconCalendarOff } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { memo, useEffect } from 'react'
import { listQuery } from '../../api/queries'
import type { Summary, Visit } from '../../api/types'
import { count } from '../../format/number'
import { duration } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { oneLine, valueName } from '../../format/words'
import { useScope, useSession } from '../../session/context'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { useChanges } from '../../ui/motion'
import { useNow } from '../../ui/now'
import { Panel } from '../../ui/panel'
import { People } from '../../ui/person'
import { Status } from '../../ui/status'
import shared from './panel-parts.module.css'
import { byState } from './visit-order'
import classes from './visits.module.css'

export const Visits = memo(function Visits({
  today,
  wide,
}: {
  today: Summary['visitsToday']
  /** Takes the place of the activity as well. */
  wide: boolean
}) {
  const session = useSession()
  const list = useInfiniteQuery(
    listQuery(session, 'visits', { from: today.date, to: today.date, sort: 'startAt', limit: 100 }),
  )
  const narrowed = useScope()('record:read') === 'team'
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = list
  // The whole day is shown, however many pages it takes.
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage])

  // Who sees their team's visits is told of those alone: the summary counts everybody's.
  const listed = list.isSuccess && !hasNextPage
  const groups = byState((list.data?.pages ?? []).flatMap(page => page.items))

  return (
    <Panel
      title={narrowed ? 'Your team’s visits today' : 'Visits today'}
      className={[classes.panel, wide && classes.wide, wide && listed && groups.length === 0 && classes.low]
        .filter(Boolean)
        .join(' ')}
      aside={
        <Link to="/$collection" params={{ collection: 'visits' }} className={shared.link}>
          {narrowed ? 'All days' : 'All visits'}
        </Link>
      }
    >
      <Legend counts={narrowed ? (listed ? countsOf(groups) : undefined) : today} />
      {groups.length > 0 ? (
        <ul className={classes.scroll} aria-label="Visits today by state">
          {groups.flatMap(({ state, visits }) => [
            <li key={state} className={classes.group}>
              {valueName(state)} <span>{count(visits.length)}</span>
            </li>,
            ...visits.map(visit => <Row key={visit.id} visit={visit} />),
          ])}
        </ul>
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Waiting />
      ) : (
        <Empty icon={IconCalendarOff} title={narrowed ? 'No visits for your team today' : 'No visits today'}>
          {narrowed
            ? 'If there should be some, your sign-in may not be linked to a person in Jobber yet.'
            : 'Visits scheduled for today in Jobber show here.'}
        </Empty>
      )}
    </Panel>
  )
})

const states = [
  { name: 'completed', label: 'Completed', color: 'var(--fb-pine)' },
  { name: 'inProgress', label: 'In progress', color: 'var(--fb-blue)' },
  { name: 'late', label: 'Late', color: 'var(--fb-red)' },
  { name: 'upcoming', label: 'Upcoming', color: 'var(--fb-gray)' },
] as const

type Counts = Pick<Summary['visitsToday'], (typeof states)[number]['name']>

function countsOf(groups: ReturnType<typeof byState>): Counts {
  const of = (name: keyof Counts) => groups.find(group => group.state === name)?.visits.length ?? 0
  return {
    completed: of('completed'),
    inProgress: of('inProgress'),
    late: of('late'),
    upcoming: of('upcoming'),
  }
}

/** Undefined while they are not all known. */
function Legend({ counts }: { counts: Counts | undefined }) {
  return (
    <div className={classes.legend}>
      {states.map(({ name, label, color }) => (
        <span key={name}>
          <span className={classes.key} style={{ backgroundColor: color }} aria-hidden />
          {label}
          <strong data-testid={`visits-state-${name}`}>{counts ? count(counts[name]) : '–'}</strong>
        </span>
      ))}
    </div>
  )
}

const Row = memo(function Row({ visit }: { visit: Visit }) {
  const format = useFormat()
  const moved = useChanges(visit.state)
  const due = visit.endAt ?? visit.startAt
  return (
    <li className={classes.row} data-state={visit.state} data-testid="visit-row" data-entity={visit.id}>
      {/* The key restarts the glow at each change of state, wherever the row has moved to. */}
      <span key={moved} className={moved > 0 ? `${classes.glow} fb-flash` : classes.glow} aria-hidden />
      <span className={classes.time}>
        {visit.allDay || !visit.startAt ? 'All day' : format.span(visit.startAt, visit.endAt)}
      </span>
      <span className={classes.what}>
        <Link
          to="/$collection/$id"
          params={{ collection: 'visits', id: visit.id }}
          className={classes.title}
          preload={false}
        >
          {visit.clientName || visit.title || 'Visit'}
        </Link>
        <span className={classes.about}>
          {[visit.clientName ? visit.title : null, oneLine(visit.address)].filter(Boolean).join(' · ')}
        </span>
      </span>
      <span className={classes.people}>
        <People people={visit.assignedUsers ?? []} />
      </span>
      <span className={classes.state}>
        {visit.state === 'late' ? <Late due={due} /> : <Status value={visit.state} />}
      </span>
    </li>
  )
})

function Late({ due }: { due: string | null | undefined }) {
  const now = useNow()
  const by = due ? now - Date.parse(due) : 0
  return <Status value="late" label={by < 60_000 ? 'Late' : `Late ${duration(by)}`} />
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
