import { IconHistory } from '@tabler/icons-react'
import type { Schedule, ScheduleRun } from '../../api/types'
import { Empty } from '../../ui/empty'
import { Status } from '../../ui/status'
import classes from './schedules.module.css'
import { inZone } from './when'

const outcomes: Record<ScheduleRun['outcome'], { label: string; tone: string }> = {
  ran: { label: 'Ran', tone: 'completed' },
  caught_up: { label: 'Caught up', tone: 'stale' },
  skipped: { label: 'Left out', tone: 'skipped' },
  asked: { label: 'Run by hand', tone: 'active' },
}

/** What became of a schedule's latest times. */
export function History({ schedule }: { schedule: Schedule }) {
  if (schedule.history.length === 0) {
    return <Empty icon={IconHistory} title="It has not run yet" />
  }
  return (
    <ul className={classes.history} aria-label="Latest runs">
      {schedule.history.map(run => (
        <li key={`${run.slot} ${run.task ?? run.at}`}>
          <time dateTime={run.slot}>{inZone(run.slot, schedule.zone)}</time>
          <Status value={outcomes[run.outcome].tone} label={outcomes[run.outcome].label} />
          <span className={classes.reason}>
            {run.reason ?? (run.by ? `by ${run.by.name || 'somebody who has left'}` : '')}
          </span>
        </li>
      ))}
    </ul>
  )
}
