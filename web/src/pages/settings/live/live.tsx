import { Button } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../../api/problem'
import { keys, liveConnectionsQuery, liveStatusQuery } from '../../../api/queries'
import type { LiveConnection } from '../../../api/types'
import { plural } from '../../../format/number'
import { useIdentity, useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { Empty } from '../../../ui/empty'
import { Failure } from '../../../ui/failure'
import { Panel } from '../../../ui/panel'
import { tellDone } from '../../../ui/toast'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import { ConnectionRow } from './connection-row'
import classes from './live.module.css'
import { StatusFigures } from './status-figures'

const listId = 'live-connections'

/** What is to be ended: one connection, or all of its member's. */
interface Asked {
  connection: LiveConnection
  all: boolean
}

/** Who is connected live, and how that does. */
export function LiveConnections() {
  const session = useSession()
  const { member } = useIdentity()
  const list = useInfiniteQuery(liveConnectionsQuery(session))
  const status = useQuery(liveStatusQuery(session))
  const [asked, setAsked] = useState<Asked>()
  const connections = list.data?.pages.flatMap(page => page.items) ?? []
  const count = (one: LiveConnection) => connections.filter(other => other.memberId === one.memberId).length

  return (
    <Panel title="Live connections">
      <p className={rows.hint}>
        Open pages of the dashboard, which show changes as they happen. Ending one leaves its member signed
        in: the page stops following until they reconnect.
      </p>
      {status.data && <StatusFigures status={status.data} />}
      {list.data ? (
        connections.length > 0 ? (
          <ul id={listId} className={rows.rows} aria-label="Live connections" tabIndex={-1}>
            {connections.map(connection => (
              <ConnectionRow
                key={connection.id}
                connection={connection}
                own={connection.memberId === member.id}
                others={count(connection) > 1}
                onEnd={all => setAsked({ connection, all })}
              />
            ))}
          </ul>
        ) : (
          <Empty icon={IconPlugConnected} title="Nobody is connected">
            Who opens the dashboard shows here.
          </Empty>
        )
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <Waiting what="the live connections" rows={3} />
      )}
      {list.hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="default"
            size="xs"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
      {asked && (
        <EndDialog asked={asked} count={count(asked.connection)} onClose={() => setAsked(undefined)} />
      )}
    </Panel>
  )
}

function EndDialog({ asked, count, onClose }: { asked: Asked; count: number; onClose: () => void }) {
  const session = useSession()
  const queries = useQueryClient()
  const { connection, all } = asked
  const name = connection.memberName || 'Someone who has left'
  const path = all
    ? `members/${encodeURIComponent(connection.memberId)}/connections`
    : `connections/${encodeURIComponent(connection.id)}`
  const end = useMutation({
    mutationFn: () => session.fetch(`/api/v1/live/${path}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await Promise.all(
        [keys.liveConnections, keys.liveStatus].map(queryKey => queries.invalidateQueries({ queryKey })),
      )
      onClose()
      tellDone(all ? `${name} is no longer connected.` : `A connection of ${name} was ended.`)
    },
  })
  return (
    <Confirm
      opened
      onClose={onClose}
      returnTo={[`end-${connection.id}`, listId]}
      title={all ? `End ${plural(count, 'connection')} of ${name}?` : `End this connection of ${name}?`}
      confirm={all ? 'End all' : 'End'}
      busy={end.isPending}
      failure={end.isError ? sentenceOf(end.error) : undefined}
      onConfirm={() => end.mutate()}
    >
      <p>
        They stay signed in. Their page says that an administrator ended its live connection, and shows no
        further changes until they reconnect.
      </p>
    </Confirm>
  )
}
