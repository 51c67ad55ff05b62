import { useMutation, useQueryClient } from '@tanstack/react-query'
import { sentenceOf } from '../../api/problem'
import { keys } from '../../api/queries'
import { useSession } from '../../session/context'
import { Confirm } from '../../ui/dialog'
import { tellDone, tellFailed } from '../../ui/toast'

/** Pauses (true) or resumes the tasks of a kind; `*` is every kind. */
export function usePause(kind: string, name: string) {
  const session = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (paused: boolean) => {
      const path = `/api/v1/task-kinds/${encodeURIComponent(kind)}/pause`
      await session.fetch(path, { method: paused ? 'PUT' : 'DELETE' })
      await queries.invalidateQueries({ queryKey: keys.taskKinds })
    },
    onError: (error, paused) => tellFailed(`Could not ${paused ? 'pause' : 'resume'} ${name}`, error),
  })
}

export function PauseAllDialog({ onClose }: { onClose: () => void }) {
  const session = useSession()
  const queries = useQueryClient()
  const pause = useMutation({
    mutationFn: () => session.fetch('/api/v1/task-kinds/*/pause', { method: 'PUT' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.taskKinds })
      onClose()
      tellDone('All background work is paused.')
    },
  })
  return (
    <Confirm
      opened
      onClose={onClose}
      returnTo={['pause-all']}
      title="Pause all background work?"
      confirm="Pause everything"
      busy={pause.isPending}
      failure={pause.isError ? sentenceOf(pause.error) : undefined}
      onConfirm={() => pause.mutate()}
    >
      <p>
        What runs goes on, and nothing else begins until somebody resumes it. What is asked for meanwhile
        waits; nothing is lost.
      </p>
    </Confirm>
  )
}
