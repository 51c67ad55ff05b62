import type { LiveStatus } from '../../../api/types'
import classes from './live.module.css'

/** How the live connections do, in a few figures. */
export function StatusFigures({ status }: { status: LiveStatus }) {
  const last = `In the last ${status.minutes} minutes`
  const figures = [
    {
      label: 'Connections',
      value: String(status.connections),
      hint: status.perAccount ? `of ${status.perAccount.toLocaleString('en-US')}` : undefined,
    },
    { label: 'Events a minute', value: perMinute(status.eventsPerMinute), hint: last },
    {
      label: 'Usual delay',
      value: status.lagP50Ms === null ? '–' : `≤ ${delay(status.lagP50Ms)}`,
      hint: status.lagP99Ms === null ? undefined : `99 of 100 within ${delay(status.lagP99Ms)}`,
    },
    { label: 'Servers', value: status.instances ? String(status.instances) : 'None' },
  ]
  return (
    <dl className={classes.figures} data-testid="live-status">
      {figures.map(({ label, value, hint }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value}
            {hint && <span>{hint}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function perMinute(events: number): string {
  return events > 0 && events < 10 ? events.toFixed(1) : String(Math.round(events))
}

/** A bound: delays are counted by classes. */
function delay(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`
}
