import type { Task, TaskAttempt, TaskChildren, TaskState } from '../../api/types'
import { count } from '../../format/number'
import { until } from '../../format/time'

const states: Record<TaskState, string> = {
  waiting: 'Waiting',
  scheduled: 'Scheduled',
  retrying: 'To be tried again',
  running: 'Running',
  cancelling: 'Being cancelled',
  parted: 'Waiting for parts',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

export function stateName(state: TaskState): string {
  return states[state]
}

const outcomes: Record<TaskAttempt['outcome'], string> = {
  done: 'Done',
  parted: 'Split into parts',
  cancelled: 'Cancelled',
  released: 'Interrupted, to go on elsewhere',
  permanent: 'Failed for good',
  transient: 'Failed',
  throttled: 'Had to wait',
  died: 'Its server was lost',
}

export function outcomeName(outcome: TaskAttempt['outcome']): string {
  return outcomes[outcome]
}

/** Whether an attempt is being made. */
export function runs(state: TaskState): boolean {
  return state === 'running' || state === 'cancelling'
}

/** What a task is called: what it is about, or else its kind. */
export function taskName({ title, kindTitle }: Pick<Task, 'title' | 'kindTitle'>): string {
  return title || kindTitle
}

/** Who asked for a task. */
export function askedBy({ by, byName }: Pick<Task, 'by' | 'byName'>, self: string): string {
  if (!by) return 'Fieldboard'
  if (by === self) return 'You'
  return byName || 'A former member'
}

/** About how long a task goes on: coarse, so that it does not flicker. */
export function timeLeft(seconds: number): string {
  if (seconds < 10) return 'a few seconds left'
  if (seconds <= 50) return `about ${Math.ceil(seconds / 10) * 10} s left`
  if (seconds < 90 * 60) return `about ${Math.max(1, Math.round(seconds / 60))} min left`
  return `about ${Math.round(seconds / 3600)} h left`
}

/** How far a task is, in a line: what it does, and while it runs for how long. */
export function progressText({ state, progress }: Pick<Task, 'state' | 'progress'>): string {
  const { message, total, percent, secondsLeft } = progress
  return [
    message,
    total > 0 && `${percent} %`,
    state === 'running' && secondsLeft !== undefined && timeLeft(secondsLeft),
  ]
    .filter(Boolean)
    .join(' · ')
}

/** Whether there is progress worth a bar: some is known, and it is not over well. */
export function hasBar({ state, progress }: Pick<Task, 'state' | 'progress'>): boolean {
  return runs(state) || (progress.total > 0 && state !== 'done')
}

/** Whether its last failure still matters. To have been made to wait is none, and what it said is for programs. */
export function isFailing({ state, failure }: Pick<Task, 'state' | 'failure'>): boolean {
  return failure !== undefined && failure.class !== 'throttled' && state !== 'done' && state !== 'cancelled'
}

/** What a failure means for what comes next. */
export function failureText(task: Pick<Task, 'state' | 'failure' | 'runAt'>, now: number): string {
  const { state, failure, runAt } = task
  if (!failure) return ''
  if (failure.class === 'throttled') {
    return state === 'scheduled' || state === 'retrying'
      ? `Another service allows no more for now. It goes on ${until(runAt, now)}, and this counts as no failure.`
      : 'Another service allowed no more for a while. That counts as no failure.'
  }
  // A short unit such as `10 min.` ends in a dot of its own.
  if (state === 'retrying') return `It is tried again ${until(runAt, now)}.`.replace(/\.+$/, '.')
  if (state !== 'failed') return 'That was the last attempt that failed.'
  switch (failure.class) {
    case 'permanent':
      return 'Another attempt would have failed the same way. Change what it is to do, or what stands in its way, and then try again.'
    case 'died':
      return 'The server that worked on it was lost, as often as it may be. Nothing is done until somebody tries it again.'
    default:
      return 'It was tried as often as it may be. Nothing is done until somebody tries it again.'
  }
}

/** `4 done, 1 running or waiting, 2 failed`. */
export function childrenText({ done, open, failed, cancelled }: TaskChildren): string {
  return [
    `${count(done)} done`,
    open > 0 && `${count(open)} still to do`,
    failed > 0 && `${count(failed)} failed`,
    cancelled > 0 && `${count(cancelled)} cancelled`,
  ]
    .filter(Boolean)
    .join(', ')
}
