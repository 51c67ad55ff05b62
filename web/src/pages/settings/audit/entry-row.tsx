import { Button, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useId, useState } from 'react'
import type { AuditEntry } from '../../../api/types'
import { eventPhrase } from '../../../format/events'
import { useFormat } from '../../../format/use-format'
import { Ago } from '../../../ui/ago'
import { eventIcon } from '../../overview/event-icon'
import rows from '../rows.module.css'
import classes from './audit.module.css'
import { actorName, fieldName, shown } from './words'

interface Props {
  entry: AuditEntry
  /** Shows all that the same request caused. */
  onCause?: ((id: string) => void) | undefined
}

export function EntryRow({ entry, onCause }: Props) {
  const format = useFormat()
  const [open, setOpen] = useState(false)
  const id = useId()
  const Icon = eventIcon(entry.type)
  const { target, detail, amountCents, time } = entry
  const about = [target.title, detail, typeof amountCents === 'number' && format.money(amountCents)].filter(
    Boolean,
  )
  return (
    <li data-testid="audit-entry" data-type={entry.type} data-entity={target.id}>
      <UnstyledButton
        className={classes.row}
        onClick={() => setOpen(!open)}
        aria-expanded={open}
        aria-controls={id}
      >
        <span className={rows.lead}>
          <Icon size={18} stroke={1.6} aria-hidden />
        </span>
        <span className={classes.what}>
          <span className={rows.name}>{eventPhrase(entry.type)}</span>
          {about.length > 0 && <span className={classes.about}>{about.join(' · ')}</span>}
        </span>
        <span className={classes.who}>{actorName(entry.actor)}</span>
        <time dateTime={time} title={format.dateTime(time)} className={classes.time}>
          <Ago time={time} />
        </time>
        <IconChevronRight
          size={16}
          stroke={1.6}
          className={classes.arrow}
          data-open={open || undefined}
          aria-hidden
        />
      </UnstyledButton>
      {open && (
        <div id={id} className={classes.more}>
          <dl className={classes.facts}>
            <div>
              <dt>When</dt>
              <dd>{format.dateTime(time)}</dd>
            </div>
            <div>
              <dt>Who</dt>
              <dd>{actorName(entry.actor)}</dd>
            </div>
            {entry.address && (
              <div>
                <dt>From</dt>
                <dd>{entry.address}</dd>
              </div>
            )}
            {entry.reason && (
              <div>
                <dt>Why</dt>
                <dd>{entry.reason}</dd>
              </div>
            )}
          </dl>
          {entry.changes.length > 0 && (
            <table className={classes.changes}>
              <thead>
                <tr>
                  <th scope="col">What changed</th>
                  <th scope="col">Before</th>
                  <th scope="col">After</th>
                </tr>
              </thead>
              <tbody>
                {entry.changes.map(change => (
                  <tr key={change.field}>
                    <th scope="row">{fieldName(change.field)}</th>
                    <td>{shown(change.field, change.before, format)}</td>
                    <td>{shown(change.field, change.after, format)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {onCause && entry.correlationId && (
            <Button variant="default" size="compact-xs" onClick={() => onCause(entry.correlationId ?? '')}>
              Show all that this request caused
            </Button>
          )}
        </div>
      )}
    </li>
  )
}
