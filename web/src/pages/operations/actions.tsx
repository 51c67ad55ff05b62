import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../api/problem'
import { keys } from '../../api/queries'
import type { TaskDetail, TaskState } from '../../api/types'
import { useSession } from '../../session/context'
import { Confirm } from '../../ui/dialog'
import { tellDone, tellFailed } from '../../ui/toast'
import classes from './task-details.module.css'

/** Reads again what shows tasks, after one was changed. */
export function useReread() {
  const queries = useQueryClient()
  return (id: string) =>
    Promise.all(
      [keys.task(id), keys.tasks, keys.taskKinds].map(queryKey => queries.invalidateQueries({ queryKey })),
    )
}

/** What lets a task that waits for something go on now. One that is due already needs no push. */
const pushes: Partial<Record<TaskState, string>> = {
  failed: 'Try again',
  retrying: 'Try again now',
  scheduled: 'Begin now',
}

/** Lets a task go on, or ends it. `onAsking` is told while a question is open. */
export function Actions({ task, onAsking }: { task: TaskDetail; onAsking: (asking: boolean) => void }) {
  const session = useSession()
  const reread = useReread()
  const [asking, setAsking] = useState(false)
  const ask = (open: boolean) => {
    setAsking(open)
    onAsking(open)
  }
  const path = `/api/v1/tasks/${encodeURIComponent(task.id)}`
  const retry = useMutation({
    mutationFn: () => session.fetch(`${path}/retry`, { method: 'POST' }),
    onSuccess: () => tellDone('The task goes on.'),
    onError: error => tellFailed('The task does not go on', error),
    // Also when it failed: it may have gone on, or ended, by itself.
    onSettled: () => reread(task.id),
  })
  const cancel = useMutation({
    mutationFn: () => session.fetch(`${path}/cancel`, { method: 'POST' }),
    onSuccess: () => ask(false),
    onSettled: () => reread(task.id),
  })
  const push = pushes[task.state]
  const open = task.state !== 'done' && task.state !== 'failed' && task.state !== 'cancelled'
  const stopping = task.state === 'cancelling'
  return (
    <>
      <span className={classes.actions}>
        {push && (
          <Button
            id="push-task"
            variant={task.state === 'failed' ? 'filled' : 'default'}
            size="xs"
            loading={retry.isPending}
            onClick={() => retry.mutate()}
          >
            {push}
          </Button>
        )}
        {open && (
          <Button
            id="cancel-task"
            variant="default"
            size="xs"
            disabled={stopping}
            onClick={() => {
              cancel.reset()
              ask(true)
            }}
          >
            {stopping ? 'Being cancelled…' : 'Cancel the task'}
          </Button>
        )}
      </span>
      <Confirm
        opened={asking}
        onClose={() => ask(false)}
        returnTo={['cancel-task', 'push-task']}
        title="Cancel this task?"
        confirm="Cancel the task"
        dismiss="Let it go on"
        busy={cancel.isPending}
        failure={cancel.isError ? sentenceOf(cancel.error) : undefined}
        onConfirm={() => cancel.mutate()}
      >
        <p>
          {task.state === 'running'
            ? 'It stops within seconds. What it has done by then stays done.'
            : task.state === 'parted'
              ? 'Its parts that have not begun do not begin. What is done stays done.'
              : 'It does not begin. It cannot be taken up again.'}
        </p>
      </Confirm>
    </>
  )
}
