import { Button } from '@mantine/core'
import type { LiveConnection } from '../../../api/types'
import { deviceOf } from '../../../format/device'
import { useFormat } from '../../../format/use-format'
import { Ago } from '../../../ui/ago'
import { Person } from '../../../ui/person'
import { Status } from '../../../ui/status'
import rows from '../rows.module.css'

interface Props {
  connection: LiveConnection
  /** Of the member who looks. */
  own: boolean
  /** Whether its member has more. */
  others: boolean
  onEnd: (all: boolean) => void
}

export function ConnectionRow({ connection, own, others, onEnd }: Props) {
  const format = useFormat()
  const name = connection.memberName || 'Someone who has left'
  const about = [
    deviceOf(connection.userAgent).name,
    connection.address,
    connection.transport === 'websocket' ? 'WebSocket' : 'HTTP stream',
  ].filter(Boolean)
  return (
    <li
      className={rows.row}
      data-testid="live-connection"
      data-entity={connection.id}
      data-off={connection.idle || undefined}
    >
      <span className={rows.lead}>
        <Person name={name} />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{name}</span>
          {own && <Status value="you" label="You" />}
        </div>
        <div className={rows.about}>{about.join(' · ')}</div>
      </div>
      <div className={rows.facts}>
        <span>{connection.idle ? 'Away' : 'Active'}</span>
        <time dateTime={connection.since} title={format.dateTime(connection.since)}>
          Connected <Ago time={connection.since} />
        </time>
      </div>
      <div className={rows.actions}>
        {connection.endable && others && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            onClick={() => onEnd(true)}
            aria-label={`End all of ${name}`}
          >
            End all
          </Button>
        )}
        {connection.endable && (
          <Button
            id={`end-${connection.id}`}
            variant="default"
            size="xs"
            onClick={() => onEnd(false)}
            aria-label={`End a connection of ${name}`}
          >
            End
          </Button>
        )}
      </div>
    </li>
  )
}
