import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { sentenceOf } from '../../api/problem'
import { keys } from '../../api/queries'
import type { TaskKind } from '../../api/types'
import { count, plural } from '../../format/number'
import { useSession } from '../../session/context'
import { Confirm } from '../../ui/dialog'
import { tellDone } from '../../ui/toast'

/** Lets all tasks of a kind that failed begin anew. The server does a hundred at a time, so it is asked until there are no more. */
export function ReplayDialog({ kind, onClose }: { kind: TaskKind; onClose: () => void }) {
  const session = useSession()
  const queries = useQueryClient()
  // As many as there were when it was asked: those behind the dialog become fewer while they are sent.
  const [failed] = useState(kind.failed)
  const [sent, setSent] = useState(0)
  const closed = useRef(false)
  const close = () => {
    closed.current = true
    onClose()
  }
  const send = async () => {
    let all = sent
    try {
      for (;;) {
        const step = await session.fetch<{ sent: number; more: boolean }>('/api/v1/task-replays', {
          method: 'POST',
          body: { kind: kind.kind },
        })
        all += step.sent
        setSent(all)
        // What fails again at once is sent again, and what somebody else sends is not sent here: neither may go on for ever.
        if (!step.more || step.sent === 0 || all >= failed || closed.current) return all
      }
    } finally {
      // Also when it failed: some may have been sent by then.
      await Promise.all(
        [keys.taskKinds, keys.tasks, keys.task()].map(queryKey => queries.invalidateQueries({ queryKey })),
      )
    }
  }
  const replay = useMutation({
    mutationFn: send,
    onSuccess: all => {
      if (!closed.current) close()
      tellDone(all === 0 ? 'Nothing was left to send.' : `${plural(all, 'task begins', 'tasks begin')} anew.`)
    },
  })
  return (
    <Confirm
      opened
      onClose={close}
      returnTo={[`replay-${kind.kind}`, `pause-${kind.kind}`, 'pause-all']}
      title={`Send ${plural(failed, 'failed task')} again?`}
      confirm={failed === 1 ? 'Send it again' : 'Send all again'}
      dismiss={replay.isPending ? 'Stop here' : 'Cancel'}
      busy={replay.isPending}
      failure={
        replay.isError
          ? `${sent > 0 ? `${count(sent)} of them were sent. ` : ''}${sentenceOf(replay.error)}`
          : undefined
      }
      onConfirm={() => replay.mutate()}
    >
      <p>
        {kind.title}: {failed === 1 ? 'it begins' : 'each of them begins'} anew, with all its attempts before
        it. What made {failed === 1 ? 'it' : 'them'} fail should be mended first, or{' '}
        {failed === 1 ? 'it fails' : 'they fail'} again.
      </p>
      {replay.isPending && sent > 0 && (
        <p role="status">
          {count(sent)} of {count(Math.max(failed, sent))} sent.
        </p>
      )}
    </Confirm>
  )
}
