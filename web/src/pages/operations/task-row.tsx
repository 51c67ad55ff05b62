import { Link } from '@tanstack/react-router'
import type { Task } from '../../api/types'
import { until } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { Ago } from '../../ui/ago'
import { useNow } from '../../ui/now'
import { Status } from '../../ui/status'
import { ProgressLine } from './progress'
import classes from './tasks.module.css'
import { askedBy, stateName, taskName } from './words'

/** One task of the list; all of it leads to its details. `self` is the member who looks. */
export function TaskRow({ task, self }: { task: Task; self: string }) {
  const format = useFormat()
  return (
    <li className={classes.row} data-testid="task" data-entity={task.id} data-state={task.state}>
      <div className={classes.main}>
        <Link
          from="/operations"
          to="/operations/$id"
          params={{ id: task.id }}
          search={known => known}
          className={classes.name}
          preload={false}
          resetScroll={false}
        >
          {taskName(task)}
        </Link>
        <span className={classes.about}>{task.title ? task.kindTitle : ''}</span>
      </div>
      <div className={classes.progress}>
        <ProgressLine task={task} />
      </div>
      <span className={classes.state}>
        <Status value={task.state} label={stateName(task.state)} />
      </span>
      <div className={classes.facts}>
        <span>{askedBy(task, self)}</span>
        <time dateTime={task.createdAt} title={`Asked for ${format.dateTime(task.createdAt)}`}>
          <When task={task} />
        </time>
      </div>
    </li>
  )
}

/** When it begins, where that is still to come; else when it was asked for. */
function When({ task }: { task: Task }) {
  const now = useNow()
  if (task.state === 'scheduled' || task.state === 'retrying') return <>Due {until(task.runAt, now)}</>
  return <Ago time={task.createdAt} />
}
