import { Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useFormat } from '../../format/use-format'
import { Status } from '../../ui/status'
import classes from './record-cards.module.css'
import type { ViewProps } from './record-table'
import { anySpecOf } from './specs'

/** The list on a phone: two lines for each record. */
export function RecordCards({ collection, records, finance, selection }: ViewProps) {
  const format = useFormat()
  const spec = anySpecOf(collection)
  return (
    <ul>
      {records.map(record => {
        const status = spec.status?.(record)
        const figure = finance || !spec.figureIsFinance ? spec.figure?.(record, format) : undefined
        return (
          <li
            key={record.id}
            className={classes.card}
            data-testid="record-row"
            data-entity={record.id}
            data-selectable={selection ? true : undefined}
            data-selected={selection?.has(record.id) || undefined}
          >
            {selection && (
              <Checkbox
                className={classes.check}
                aria-label={`Select ${spec.name(record, format)}`}
                checked={selection.has(record.id)}
                onChange={() => selection.toggle(record.id)}
              />
            )}
            <Link
              to="/$collection/$id"
              params={{ collection, id: record.id }}
              search={known => known}
              className={classes.name}
              preload={false}
              resetScroll={false}
            >
              {spec.name(record, format)}
            </Link>
            <span className={classes.status}>{status && <Status value={status} />}</span>
            <span className={classes.context}>{spec.context(record, format)}</span>
            <span className={classes.figure}>{figure}</span>
          </li>
        )
      })}
    </ul>
  )
}
