import type { TaskAttempt, TaskDetail } from '../../api/types'
import { exactDuration } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { Dot, type Tone } from '../../ui/status'
import classes from './task-details.module.css'
import { outcomeName, runs } from './words'

const tones: Record<TaskAttempt['outcome'], Tone> = {
  done: 'green',
  parted: 'blue',
  cancelled: 'gray',
  released: 'gray',
  throttled: 'amber',
  transient: 'amber',
  died: 'amber',
  permanent: 'red',
}

/** The attempts that were made, the oldest first, and the one that is being made. */
export function Timeline({ task }: { task: TaskDetail }) {
  const { timeline, state, attempt } = task
  const first = timeline[0]
  const last = timeline.at(-1)
  if (!first && !runs(state)) return <p className={classes.hint}>None was made yet.</p>
  return (
    <>
      {first && first.number > 1 && <p className={classes.hint}>Only the last {timeline.length} are kept.</p>}
      <ol className={classes.timeline} aria-label="Attempts">
        {timeline.map((one, i) => (
          <Attempt
            key={`${one.number}-${one.ended}`}
            attempt={one}
            between={isBetween(one, timeline[i - 1])}
            worst={state === 'failed' && one === last}
          />
        ))}
        {runs(state) && (
          <li className={classes.attempt} data-testid="attempt">
            <Dot tone="blue" pulse />
            <span className={classes.what}>Attempt {attempt}: running</span>
          </li>
        )}
      </ol>
    </>
  )
}

/** Whether a line tells of what was done to the task while no attempt was being made: it was cancelled while it waited. */
function isBetween(one: TaskAttempt, before: TaskAttempt | undefined): boolean {
  return one.number === 0 || one.number === before?.number
}

function Attempt({ attempt, between, worst }: { attempt: TaskAttempt; between: boolean; worst: boolean }) {
  const format = useFormat()
  const { number, began, ended, outcome, message } = attempt
  const name = outcomeName(outcome)
  const at = between ? ended : began
  return (
    <li className={classes.attempt} data-testid="attempt">
      <Dot tone={worst ? 'red' : tones[outcome]} />
      <span className={classes.what}>
        {between ? name : `Attempt ${number}: ${name.charAt(0).toLowerCase()}${name.slice(1)}`}
      </span>
      <span className={classes.when}>
        <time dateTime={at} title={format.dateTime(at)}>
          {format.date(at)}, {format.seconds(at)}
        </time>
        {!between && ` · ${exactDuration(Date.parse(ended) - Date.parse(began))}`}
      </span>
      {message && outcome !== 'throttled' && <span className={classes.message}>{message}</span>}
    </li>
  )
}
