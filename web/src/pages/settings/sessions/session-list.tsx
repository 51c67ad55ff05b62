import { ActionIcon, Button, TextInput } from '@mantine/core'
import { IconCheck, IconDeviceDesktop, IconDeviceMobile, IconPencil, IconX } from '@tabler/icons-react'
import { type FormEvent, type KeyboardEvent, useState } from 'react'
import type { SignedInSession } from '../../../api/types'
import { deviceOf } from '../../../format/device'
import { useFormat } from '../../../format/use-format'
import { Ago } from '../../../ui/ago'
import { Status } from '../../../ui/status'
import rows from '../rows.module.css'
import classes from './sessions.module.css'

interface Props {
  sessions: SignedInSession[]
  /** The id of the one that is being ended. */
  ending: string | undefined
  onEnd: (id: string) => void
  /** Resolves when it is done; rejects with why not. Left out where the sessions are somebody else's. */
  onRename?: (id: string, name: string) => Promise<unknown>
}

export function SessionList({ sessions, ending, onEnd, onRename }: Props) {
  return (
    <ul id={listId} className={rows.rows} aria-label="Sessions" tabIndex={-1}>
      {sessions.map(session => (
        <Row
          key={session.id}
          session={session}
          ending={ending === session.id}
          onEnd={() => onEnd(session.id)}
          onRename={onRename && (name => onRename(session.id, name))}
        />
      ))}
    </ul>
  )
}

export const listId = 'sessions'

/** The ended session's button is gone; the focus stays in the list. */
export function focusSessions(): void {
  document.getElementById(listId)?.focus({ preventScroll: true })
}

interface RowProps {
  session: SignedInSession
  ending: boolean
  onEnd: () => void
  onRename?: ((name: string) => Promise<unknown>) | undefined
}

function Row({ session, ending, onEnd, onRename }: RowProps) {
  const format = useFormat()
  const [editing, setEditing] = useState(false)
  const { id, current, ipAddress, createdAt, lastUsedAt, endsAt } = session
  const device = deviceOf(session.userAgent)
  const name = session.name || device.name
  const Picture = device.handheld ? IconDeviceMobile : IconDeviceDesktop
  const about = [
    name !== device.name && device.name,
    ipAddress,
    `Signed in ${format.date(createdAt)}`,
  ].filter(Boolean)
  return (
    <li className={rows.row} data-testid="session" data-entity={id}>
      <span className={rows.lead}>
        <Picture size={22} stroke={1.5} aria-hidden />
      </span>
      <div className={rows.main}>
        {editing && onRename ? (
          <Rename
            name={name}
            onSave={onRename}
            onClose={() => {
              setEditing(false)
              // The pencil is back only after the next drawing.
              setTimeout(() => document.getElementById(`rename-${id}`)?.focus())
            }}
          />
        ) : (
          <div className={rows.title}>
            <span className={rows.name}>{name}</span>
            {onRename && (
              <ActionIcon
                id={`rename-${id}`}
                size="sm"
                aria-label={`Rename ${name}`}
                onClick={() => setEditing(true)}
              >
                <IconPencil size={14} stroke={1.6} aria-hidden />
              </ActionIcon>
            )}
            {current && <Status value="live" label="This session" />}
          </div>
        )}
        <div className={rows.about}>{about.join(' · ')}</div>
      </div>
      <div className={rows.facts}>
        <time dateTime={lastUsedAt} title={format.dateTime(lastUsedAt)}>
          {current ? 'In use now' : <LastUsed time={lastUsedAt} />}
        </time>
        <span title={format.dateTime(endsAt)}>Ends {format.date(endsAt)}</span>
      </div>
      <div className={`${rows.actions} ${classes.end}`}>
        {!current && (
          <Button variant="default" size="xs" loading={ending} onClick={onEnd} aria-label={`End ${name}`}>
            End
          </Button>
        )}
      </div>
    </li>
  )
}

function LastUsed({ time }: { time: string }) {
  return (
    <>
      Used <Ago time={time} />
    </>
  )
}

function Rename({
  name,
  onSave,
  onClose,
}: {
  name: string
  onSave: (name: string) => Promise<unknown>
  onClose: () => void
}) {
  const [typed, setTyped] = useState(name)
  const [busy, setBusy] = useState(false)
  const save = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    const next = typed.trim()
    if (!next || next === name) {
      onClose()
      return
    }
    setBusy(true)
    try {
      await onSave(next)
      onClose()
    } catch {
      // It is told by whoever saves; the text stays to be changed.
      setBusy(false)
    }
  }
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    onClose()
  }
  return (
    <form className={classes.rename} onSubmit={save} onKeyDown={leave}>
      <TextInput
        size="xs"
        aria-label="Name of the session"
        maxLength={60}
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
        autoFocus
        onFocus={event => event.currentTarget.select()}
      />
      <ActionIcon type="submit" loading={busy} aria-label="Save the name">
        <IconCheck size={16} stroke={1.8} aria-hidden />
      </ActionIcon>
      <ActionIcon onClick={onClose} aria-label="Leave the name as it was">
        <IconX size={16} stroke={1.8} aria-hidden />
      </ActionIcon>
    </form>
  )
}
