import { IconUsersGroup } from '@tabler/icons-react'
import { memo } from 'react'
import type { CrewRow, Summary } from '../../api/types'
import { hours, percent } from '../../format/number'
import { Empty } from '../../ui/empty'
import { Panel } from '../../ui/panel'
import classes from './crews.module.css'
import { currentName } from './period'

export const Crews = memo(function Crews({ rows, period }: { rows: CrewRow[]; period: Summary['period'] }) {
  return (
    <Panel title="Crew utilisation" aside={<span className={classes.hint}>{currentName(period)}</span>}>
      {rows.length === 0 ? (
        <Empty icon={IconUsersGroup} title="No crews yet">
          Give your team members a crew in Jobber to see how their hours are used.
        </Empty>
      ) : (
        <ul className={classes.rows}>
          {rows.map(row => (
            <Crew key={row.team} row={row} />
          ))}
        </ul>
      )}
    </Panel>
  )
})

function Crew({ row }: { row: CrewRow }) {
  const {
    scheduledMinutes: scheduled,
    completedMinutes: completed,
    capacityMinutes: capacity,
    utilisation,
  } = row
  // The bar's full width is the capacity, or the schedule when that is more.
  const full = Math.max(capacity, scheduled, 1)
  const over = capacity > 0 && scheduled > capacity
  return (
    <li className={classes.crew}>
      <span className={classes.name}>{row.name}</span>
      <span className={classes.rate} data-over={over || undefined}>
        {utilisation === null ? '–' : percent(utilisation)}
      </span>
      <span className={classes.track} aria-hidden>
        <span
          className={classes.scheduled}
          data-over={over || undefined}
          style={{ width: `${(scheduled / full) * 100}%` }}
        />
        <span className={classes.done} style={{ width: `${(completed / full) * 100}%` }} />
        {over && <span className={classes.limit} style={{ left: `${(capacity / full) * 100}%` }} />}
      </span>
      <span className={classes.told}>
        {hours(completed)} done of {hours(scheduled)} scheduled
      </span>
      <span className={classes.told}>{capacity === 0 ? 'no capacity' : `${hours(capacity)} capacity`}</span>
    </li>
  )
}
