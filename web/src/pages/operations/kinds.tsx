import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconListCheck, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { taskKindsQuery } from '../../api/queries'
import type { TaskKind } from '../../api/types'
import { count } from '../../format/number'
import { duration, exactDuration } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { useCan, useIdentity, useSession } from '../../session/context'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { useNow } from '../../ui/now'
import { Panel } from '../../ui/panel'
import { Status } from '../../ui/status'
import { Waiting } from '../settings/waiting'
import classes from './kinds.module.css'
import { PauseAllDialog, usePause } from './pause'
import { ReplayDialog } from './replay'
import type { OperationsSearch } from './search'

/** How the background work of each kind stands. */
export function Kinds({ behind }: { behind: boolean }) {
  const manage = useCan()('task:manage')
  const narrow = useMediaQuery('(max-width: 61.99em)', undefined, { getInitialValueInEffect: false })
  const kinds = useQuery(taskKindsQuery(useSession(), behind))
  const [replaying, setReplaying] = useState<TaskKind>()
  const [stopping, setStopping] = useState(false)
  const items = kinds.data ?? []
  const together = items.find(kind => kind.pausedAll)
  const View = narrow ? Cards : Table
  return (
    <Panel
      title="Kinds of work"
      aside={
        manage &&
        items.length > 0 && <PauseAll paused={Boolean(together)} onPause={() => setStopping(true)} />
      }
    >
      {together && (
        <p className={classes.together} role="status">
          Everything is paused <By kind={together} />. What runs goes on; nothing else begins.
        </p>
      )}
      {kinds.data ? (
        items.length > 0 ? (
          <View kinds={items} manage={manage} onReplay={setReplaying} />
        ) : (
          <Empty icon={IconListCheck} title="No background work">
            What takes long, such as a report, is worked on in the background and shows here.
          </Empty>
        )
      ) : kinds.isError ? (
        <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />
      ) : (
        <Waiting what="the kinds of work" rows={3} />
      )}
      {replaying && <ReplayDialog kind={replaying} onClose={() => setReplaying(undefined)} />}
      {stopping && <PauseAllDialog onClose={() => setStopping(false)} />}
    </Panel>
  )
}

function PauseAll({ paused, onPause }: { paused: boolean; onPause: () => void }) {
  const pause = usePause('*', 'everything')
  return paused ? (
    <Button
      id="pause-all"
      size="xs"
      leftSection={<IconPlayerPlay size={14} stroke={1.8} aria-hidden />}
      loading={pause.isPending}
      onClick={() => pause.mutate(false)}
    >
      Resume everything
    </Button>
  ) : (
    <Button
      id="pause-all"
      variant="default"
      size="xs"
      leftSection={<IconPlayerPause size={14} stroke={1.8} aria-hidden />}
      onClick={onPause}
    >
      Pause everything
    </Button>
  )
}

interface ViewProps {
  kinds: TaskKind[]
  manage: boolean
  onReplay: (kind: TaskKind) => void
}

interface Figure {
  label: string
  hint: string
  of: (kind: TaskKind) => ReactNode
}

const figures: Figure[] = [
  {
    label: 'Waiting',
    hint: 'Also what is scheduled, or tried again later',
    of: kind => <Count kind={kind} of={kind.waiting} state="waiting" name="waiting" />,
  },
  {
    label: 'Longest wait',
    hint: 'How long the oldest that is due has waited',
    of: kind => <LongestWait kind={kind} />,
  },
  {
    label: 'Running',
    hint: 'Being worked on now',
    of: kind => <Count kind={kind} of={kind.running} state="running" name="running" />,
  },
  {
    label: 'In parts',
    hint: 'Waiting until their parts are done',
    of: kind => <Count kind={kind} of={kind.parted} state="parted" name="waiting for parts" />,
  },
  { label: 'Done', hint: 'In the last hour', of: kind => <Plain of={kind.doneHour} /> },
  { label: 'Gave up', hint: 'Failed for good in the last hour', of: kind => <Plain of={kind.failedHour} /> },
  {
    label: 'Failed',
    hint: 'All that failed for good and wait for somebody to look',
    of: kind => <Count kind={kind} of={kind.failed} state="failed" name="failed" />,
  },
]

/** What a column counts in the last hour only. */
const lastHour = new Set(['Done', 'Gave up'])

function Table({ kinds, manage, onReplay }: ViewProps) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">Kind</th>
          {figures.map(({ label, hint }) => (
            <th key={label} scope="col" title={hint} data-numeric>
              {label}
              {lastHour.has(label) && <span className={classes.span}> / hour</span>}
            </th>
          ))}
          {manage && (
            <th scope="col" className={classes.actionsHead}>
              <span className="sr-only">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {kinds.map(kind => (
          <tr key={kind.kind} data-testid="task-kind" data-entity={kind.kind}>
            <th scope="row">
              <Name kind={kind} />
            </th>
            {figures.map(({ label, of }) => (
              <td key={label} data-numeric>
                {of(kind)}
              </td>
            ))}
            {manage && (
              <td>
                <Actions kind={kind} onReplay={onReplay} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Cards({ kinds, manage, onReplay }: ViewProps) {
  return (
    <ul className={classes.cards} aria-label="Kinds of work">
      {kinds.map(kind => (
        <li key={kind.kind} className={classes.card} data-testid="task-kind" data-entity={kind.kind}>
          <div className={classes.cardHead}>
            <Name kind={kind} />
            {manage && <Actions kind={kind} onReplay={onReplay} />}
          </div>
          <dl className={classes.figures}>
            {figures.map(({ label, of }) => (
              <div key={label}>
                <dt>
                  {label}
                  {lastHour.has(label) && ' / hour'}
                </dt>
                <dd>{of(kind)}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}

function Name({ kind }: { kind: TaskKind }) {
  return (
    <span className={classes.name}>
      <span className={classes.title}>
        {kind.title}
        {kind.paused && <Status value="paused" />}
      </span>
      {kind.paused && !kind.pausedAll && (
        <span className={classes.about}>
          Paused <By kind={kind} />
        </span>
      )}
    </span>
  )
}

function By({ kind: { pausedBy, pausedByName } }: { kind: TaskKind }) {
  const { member } = useIdentity()
  if (!pausedBy) return null
  return <>by {pausedBy === member.id ? 'you' : pausedByName || 'a former member'}</>
}

/** A number that leads to the tasks that it counts. */
function Count({
  kind: { kind, title },
  of,
  state,
  name,
}: {
  kind: TaskKind
  of: number
  state: NonNullable<OperationsSearch['state']>
  name: string
}) {
  if (of === 0) return <Plain of={0} />
  return (
    <Link
      to="/operations"
      search={{ kind, state }}
      resetScroll={false}
      className={classes.count}
      data-tone={state === 'failed' ? 'red' : undefined}
      aria-label={`${title}: ${count(of)} ${name}`}
    >
      {count(of)}
    </Link>
  )
}

function Plain({ of }: { of: number }) {
  return <span className={of === 0 ? classes.none : undefined}>{count(of)}</span>
}

function LongestWait({ kind: { oldestDue } }: { kind: TaskKind }) {
  const now = useNow()
  const format = useFormat()
  if (!oldestDue) return <span className={classes.none}>–</span>
  const ms = Math.max(0, now - Date.parse(oldestDue))
  return (
    <time dateTime={oldestDue} title={`Since ${format.dateTime(oldestDue)}`}>
      {ms < 60_000 ? exactDuration(Math.floor(ms / 1000) * 1000) : duration(ms)}
    </time>
  )
}

function Actions({ kind, onReplay }: { kind: TaskKind; onReplay: (kind: TaskKind) => void }) {
  const pause = usePause(kind.kind, kind.title)
  return (
    <span className={classes.actions}>
      {kind.failed > 0 && (
        <Button
          id={`replay-${kind.kind}`}
          variant="default"
          size="xs"
          onClick={() => onReplay(kind)}
          aria-label={`Send all again: ${kind.title}`}
        >
          Send all again
        </Button>
      )}
      {!kind.pausedAll && (
        <Button
          id={`pause-${kind.kind}`}
          variant="default"
          size="xs"
          className={classes.pause}
          loading={pause.isPending}
          onClick={() => pause.mutate(!kind.paused)}
          aria-label={kind.paused ? `Resume ${kind.title}` : `Pause ${kind.title}`}
        >
          {kind.paused ? 'Resume' : 'Pause'}
        </Button>
      )}
    </span>
  )
}
