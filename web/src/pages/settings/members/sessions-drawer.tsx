import { Button, Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconDeviceDesktopOff } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { sentenceOf } from '../../../api/problem'
import { keys, memberSessionsQuery } from '../../../api/queries'
import { useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { Empty } from '../../../ui/empty'
import { Failure } from '../../../ui/failure'
import { tellFailed } from '../../../ui/toast'
import drawer from '../../records/detail.module.css'
import { focusSessions, listId, SessionList } from '../sessions/session-list'
import { Waiting } from '../waiting'
import type { ActionProps } from './actions'
import { nameOf } from './members'
import classes from './sessions-drawer.module.css'

/** Where a member is signed in. */
export function SessionsDrawer({ member, opened, onClose, returnTo }: ActionProps) {
  const session = useSession()
  const queries = useQueryClient()
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const name = nameOf(member)
  const path = `/api/v1/members/${encodeURIComponent(member.id)}/sessions`
  const list = useQuery(memberSessionsQuery(session, member.id))
  const [asking, setAsking] = useState(false)
  const reread = () => queries.invalidateQueries({ queryKey: keys.memberSessions(member.id) })

  const end = useMutation({
    mutationFn: (id: string) => session.fetch(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await reread()
      focusSessions()
    },
    onError: error => tellFailed('The session was not ended', error),
  })
  const endAll = useMutation({
    mutationFn: () => session.fetch(path, { method: 'DELETE' }),
    onSuccess: async () => {
      await reread()
      setAsking(false)
    },
  })

  const [first = '', second = ''] = returnTo
  useEffect(() => {
    if (!opened) return
    return () => {
      setTimeout(() => (document.getElementById(first) ?? document.getElementById(second))?.focus(), 50)
    }
  }, [opened, first, second])

  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={narrow ? '100%' : 520}
      padding={0}
      returnFocus={false}
      // The question in front of it closes first.
      closeOnEscape={!asking}
      overlayProps={{ backgroundOpacity: 0.2 }}
      title={
        <span className={drawer.head}>
          <span className={drawer.kind}>Sessions</span>
          <span className={drawer.name}>{name}</span>
        </span>
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ header: drawer.header, title: drawer.title, body: drawer.body }}
      transitionProps={{ duration: 150 }}
    >
      {list.data ? (
        list.data.length > 0 ? (
          <>
            <SessionList
              sessions={list.data}
              ending={end.isPending ? end.variables : undefined}
              onEnd={id => end.mutate(id)}
            />
            <div className={classes.foot}>
              <Button id="end-all" variant="default" color="red" onClick={() => setAsking(true)}>
                End all sessions
              </Button>
            </div>
          </>
        ) : (
          <Empty icon={IconDeviceDesktopOff} title="Signed in nowhere">
            {name} has no living session.
          </Empty>
        )
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <Waiting what="the sessions" rows={2} />
      )}
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        returnTo={['end-all', listId]}
        title={`Sign ${name} out everywhere?`}
        confirm="End all sessions"
        busy={endAll.isPending}
        failure={endAll.isError ? sentenceOf(endAll.error) : undefined}
        onConfirm={() => endAll.mutate()}
      >
        <p>Every browser that {name} is signed in with is signed out at once. They can sign in again.</p>
      </Confirm>
    </Drawer>
  )
}
