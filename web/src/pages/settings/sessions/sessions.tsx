import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../../api/problem'
import { keys, sessionsQuery } from '../../../api/queries'
import type { SignedInSession } from '../../../api/types'
import { plural } from '../../../format/number'
import { useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { Failure } from '../../../ui/failure'
import { Panel } from '../../../ui/panel'
import { tellFailed } from '../../../ui/toast'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import { focusSessions, listId, SessionList } from './session-list'

const path = '/api/v1/sessions'

/** Where one is signed in oneself. */
export function Sessions() {
  const session = useSession()
  const queries = useQueryClient()
  const list = useQuery(sessionsQuery(session))
  const [asking, setAsking] = useState(false)
  const reread = () => queries.invalidateQueries({ queryKey: keys.sessions })

  const end = useMutation({
    mutationFn: (id: string) => session.fetch(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await reread()
      focusSessions()
    },
    onError: error => tellFailed('The session was not ended', error),
  })
  const rename = useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      session.fetch<SignedInSession>(`${path}/${encodeURIComponent(id)}`, {
        method: 'PATCH',
        body: { name },
      }),
    onSuccess: reread,
    onError: error => tellFailed('The session was not renamed', error),
  })
  const endOthers = useMutation({
    mutationFn: () => session.fetch(path, { method: 'DELETE' }),
    onSuccess: async () => {
      await reread()
      setAsking(false)
    },
  })
  const others = (list.data ?? []).filter(other => !other.current).length

  return (
    <Panel
      title="Your sessions"
      aside={
        others > 0 && (
          <Button id="end-others" variant="default" size="xs" onClick={() => setAsking(true)}>
            End all others
          </Button>
        )
      }
    >
      <p className={rows.hint}>
        Every browser that you are signed in with. End what you do not know, and change your password.
      </p>
      {list.data ? (
        <SessionList
          sessions={list.data}
          ending={end.isPending ? end.variables : undefined}
          onEnd={id => end.mutate(id)}
          onRename={(id, name) => rename.mutateAsync({ id, name })}
        />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <Waiting what="your sessions" rows={3} />
      )}
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        returnTo={['end-others', listId]}
        title={`End ${plural(others, 'other session')}?`}
        confirm="End all others"
        busy={endOthers.isPending}
        failure={endOthers.isError ? sentenceOf(endOthers.error) : undefined}
        onConfirm={() => endOthers.mutate()}
      >
        <p>You stay signed in here. Everywhere else you have to sign in again.</p>
      </Confirm>
    </Panel>
  )
}
