import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { TaskDetail } from '../../api/types'
import { plural } from '../../format/number'
import { exactDuration, until } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { useCan, useIdentity } from '../../session/context'
import { CopyBox } from '../../ui/copy-box'
import { ButtonLink } from '../../ui/link'
import { useNow } from '../../ui/now'
import { Status } from '../../ui/status'
import drawer from '../records/detail.module.css'
import { auditSearch } from '../settings/audit/search'
import { Actions } from './actions'
import { PayloadEditor } from './payload'
import { ProgressLine } from './progress'
import classes from './task-details.module.css'
import { Timeline } from './timeline'
import { askedBy, childrenText, failureText, hasBar, isFailing, stateName } from './words'

interface Props {
  task: TaskDetail
  /** Told whether something is asked or written that must not be lost. */
  onHold: (held: boolean) => void
}

export function TaskDetails({ task, onHold }: Props) {
  const can = useCan()
  const manage = can('task:manage')
  return (
    <div className={drawer.detail} data-testid="task-detail" data-entity={task.id} data-state={task.state}>
      <div className={classes.bar}>
        <Status value={task.state} label={stateName(task.state)} />
        {manage && <Actions task={task} onAsking={onHold} />}
      </div>
      {hasBar(task) && <ProgressLine task={task} />}
      {task.failure && task.state !== 'done' && task.state !== 'cancelled' && <Why task={task} />}
      {manage && task.state === 'failed' && <PayloadEditor id={task.id} onDirty={onHold} />}
      <Facts task={task} />
      {task.children && task.children.total > 0 && (
        <Section title={plural(task.children.total, 'part')}>
          <p className={classes.text}>{childrenText(task.children)}</p>
          <ButtonLink
            to="/operations"
            search={{ parent: task.id }}
            variant="default"
            size="xs"
            className={classes.link}
          >
            Show the parts
          </ButtonLink>
        </Section>
      )}
      <Section title="Attempts">
        <Timeline task={task} />
      </Section>
      {task.requestId && (
        <Section title="What belongs to it">
          <CopyBox label="Request id" value={task.requestId} testId="request-id" />
          <p className={classes.hint}>
            The logs and the audit log have everything that the same request caused under this id.
          </p>
          {can('security:read') && auditSearch({ cause: task.requestId }).cause && (
            <ButtonLink
              to="/settings/audit"
              search={{ cause: task.requestId }}
              variant="default"
              size="xs"
              className={classes.link}
            >
              Show it in the audit log
            </ButtonLink>
          )}
        </Section>
      )}
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

/** Why it failed, and what comes of that. */
function Why({ task }: { task: TaskDetail }) {
  const now = useNow()
  return (
    <div className={classes.why} data-tone={task.state === 'failed' ? 'red' : 'amber'} data-testid="failure">
      {isFailing(task) && <p className={classes.cause}>{task.failure?.message}</p>}
      <p className={classes.next}>{failureText(task, now)}</p>
    </div>
  )
}

function Facts({ task }: { task: TaskDetail }) {
  const { member } = useIdentity()
  const format = useFormat()
  const now = useNow()
  const due = task.state === 'scheduled' || task.state === 'retrying'
  const facts: [string, ReactNode][] = [
    ['Asked by', askedBy(task, member.id)],
    ['Asked for', format.dateTime(task.createdAt)],
    ['Due', due && `${format.dateTime(task.runAt)} (${until(task.runAt, now)})`],
    ['Began', task.startedAt && format.dateTime(task.startedAt)],
    ['Ended', task.endedAt && format.dateTime(task.endedAt)],
    [
      'Took',
      task.startedAt && task.endedAt && exactDuration(Date.parse(task.endedAt) - Date.parse(task.startedAt)),
    ],
    ['May fail', plural(task.attempts, 'time')],
    ['Kept until', task.expiresAt && format.dateTime(task.expiresAt)],
    [
      'Part of',
      task.parent && (
        <Link
          from="/operations/$id"
          to="/operations/$id"
          params={{ id: task.parent }}
          search={known => known}
          preload={false}
          resetScroll={false}
        >
          Another task
        </Link>
      ),
    ],
  ]
  return (
    <dl className={drawer.fields}>
      {facts
        .filter(([, value]) => value)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
