import { camel, valueName } from '../format/words'
import classes from './status.module.css'

export type Tone = 'green' | 'blue' | 'amber' | 'red' | 'gray'

const tones: Record<string, Tone> = {
  completed: 'green',
  paid: 'green',
  approved: 'green',
  converted: 'green',
  done: 'green',
  finished: 'green',
  live: 'green',
  connected: 'green',
  activated: 'green',
  inProgress: 'blue',
  active: 'blue',
  today: 'blue',
  new: 'blue',
  copying: 'blue',
  running: 'blue',
  doing: 'blue',
  parted: 'blue',
  cancelling: 'amber',
  assessmentCompleted: 'blue',
  awaitingResponse: 'amber',
  changesRequested: 'amber',
  requiresInvoicing: 'amber',
  awaitingPayment: 'amber',
  sentNotDue: 'amber',
  unscheduled: 'amber',
  pending: 'amber',
  expiringWithin30Days: 'amber',
  stale: 'amber',
  stopped: 'amber',
  unsure: 'amber',
  lead: 'amber',
  retrying: 'amber',
  paused: 'amber',
  late: 'red',
  overdue: 'red',
  pastDue: 'red',
  badDebt: 'red',
  actionRequired: 'red',
  failed: 'red',
  invalid: 'red',
  broken: 'red',
}

export function toneOf(value: string): Tone {
  return tones[camel(value)] ?? 'gray'
}

/** A stored status in words, coloured by what it asks of people. */
export function Status({ value, label }: { value: string; label?: string }) {
  return (
    <span className={classes.status} data-tone={toneOf(value)}>
      {label ?? valueName(value)}
    </span>
  )
}

export function Dot({ tone, pulse = false }: { tone: Tone; pulse?: boolean }) {
  return <span className={classes.dot} data-tone={tone} data-pulse={pulse || undefined} aria-hidden />
}
