import { Progress } from '@mantine/core'
import type { Task } from '../../api/types'
import classes from './progress.module.css'
import { hasBar, isFailing, progressText, runs, taskName } from './words'

/** How far a task is. It takes the same room with a text and without. */
export function ProgressLine({ task }: { task: Task }) {
  const { state, progress } = task
  if (!hasBar(task)) return <FailureLine task={task} />
  const running = runs(state)
  const known = progress.total > 0
  const text = progressText(task)
  return (
    <div className={classes.line}>
      <Progress
        value={known ? progress.percent : 100}
        animated={running && !known}
        striped={running && !known}
        color={running || state === 'parted' ? 'pine' : 'gray'}
        size={4}
        transitionDuration={300}
        aria-label={`Progress of ${taskName(task)}`}
      />
      <span className={classes.text} title={text || undefined}>
        {text || (running ? 'Running' : '')}
      </span>
    </div>
  )
}

/** Without progress to show, why the last attempt failed. */
function FailureLine({ task }: { task: Task }) {
  const { failure } = task
  if (!isFailing(task) || !failure) return null
  return (
    <span className={classes.text} title={failure.message}>
      {failure.message}
    </span>
  )
}
