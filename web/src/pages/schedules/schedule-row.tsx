import { ActionIcon, Menu } from '@mantine/core'
import {
  IconCalendarRepeat,
  IconDots,
  IconHistory,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRun,
  IconTrash,
} from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { keys } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { Schedule } from '../../api/types'
import { until } from '../../format/time'
import { useCan, useSession } from '../../session/context'
import { useNow } from '../../ui/now'
import { Status } from '../../ui/status'
import { tellDone, tellFailed } from '../../ui/toast'
import rows from '../settings/rows.module.css'
import classes from './schedules.module.css'
import { inWords, inZone } from './when'

export function menuId(schedule: Schedule): string {
  return `schedule-${schedule.id}`
}

interface Props {
  schedule: Schedule
  /** What it makes, in words. */
  what: string
  onEdit: () => void
  onHistory: () => void
  onDelete: () => void
}

export function ScheduleRow({ schedule, what, onEdit, onHistory, onDelete }: Props) {
  const now = useNow()
  const manage = useCan()('schedule:manage')
  const { name, when, zone, recipients, paused, pausedReason, nextAt, by } = schedule
  return (
    <li className={rows.row} data-off={paused || undefined} data-testid="schedule" data-entity={schedule.id}>
      <span className={rows.lead}>
        <IconCalendarRepeat size={20} stroke={1.5} aria-hidden />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{name}</span>
          {paused && (
            <Status
              value={pausedReason ? 'failed' : 'paused'}
              label={pausedReason ? 'Paused itself' : 'Paused'}
            />
          )}
        </div>
        <div className={rows.about}>
          {inWords(when)}, {zone}
        </div>
        <div className={rows.about}>
          {[what, `to ${namesOf(recipients)}`, `in the name of ${by.name || 'somebody who has left'}`]
            .filter(Boolean)
            .join(' · ')}
        </div>
        {pausedReason && <div className={classes.why}>{pausedReason}</div>}
      </div>
      <div className={rows.facts}>
        {nextAt && (
          <>
            <time dateTime={nextAt}>{inZone(nextAt, zone)}</time>
            <span>{until(nextAt, now)}</span>
          </>
        )}
      </div>
      <div className={rows.actions}>
        <Actions {...{ schedule, manage, onEdit, onHistory, onDelete }} />
      </div>
    </li>
  )
}

function namesOf(people: Schedule['recipients']): string {
  const names = people.map(({ name }) => name || 'somebody who has left')
  if (names.length > 3) return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
  return new Intl.ListFormat('en').format(names)
}

function Actions({
  schedule,
  manage,
  onEdit,
  onHistory,
  onDelete,
}: Omit<Props, 'what'> & { manage: boolean }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const path = `/api/v1/schedules/${encodeURIComponent(schedule.id)}`
  const refresh = () => queries.invalidateQueries({ queryKey: keys.schedules })
  const turn = useMutation({
    mutationFn: (paused: boolean) => session.fetch(path, { method: 'PATCH', body: { paused } }),
    onSuccess: refresh,
    onError: error => tellFailed(`${schedule.name} was not changed.`, error),
  })
  const run = useMutation({
    mutationFn: () =>
      session.fetch(`${path}/runs`, { method: 'POST', idempotencyKey: submission.keyOf(schedule.id) }),
    onSuccess: async () => {
      submission.settled()
      await refresh()
      tellDone(`${schedule.name} was started.`)
    },
    onError: error => {
      submission.settled(error)
      tellFailed(`${schedule.name} was not started.`, error)
    },
  })
  const icon = { size: 16, stroke: 1.6 }
  return (
    <Menu id={menuId(schedule)} position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${schedule.name}`} loading={turn.isPending || run.isPending}>
          <IconDots size={18} stroke={1.6} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconHistory {...icon} />} onClick={onHistory}>
          Latest runs
        </Menu.Item>
        {manage && (
          <>
            <Menu.Item leftSection={<IconRun {...icon} />} onClick={() => run.mutate()}>
              Run now
            </Menu.Item>
            <Menu.Item leftSection={<IconPencil {...icon} />} onClick={onEdit}>
              Change
            </Menu.Item>
            <Menu.Item
              leftSection={schedule.paused ? <IconPlayerPlay {...icon} /> : <IconPlayerPause {...icon} />}
              onClick={() => turn.mutate(!schedule.paused)}
            >
              {schedule.paused ? 'Resume' : 'Pause'}
            </Menu.Item>
            <Menu.Item color="var(--fb-red)" leftSection={<IconTrash {...icon} />} onClick={onDelete}>
              Delete
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
