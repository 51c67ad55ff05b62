import { Link } from '@tanstack/react-router'
import type { Collection } from '../../api/types'
import type { Format } from '../../format/use-format'
import { useCanList } from './collections'
import classes from './parts.module.css'

/** A record by its name, as a link for those who may open it. */
export function RecordLink({
  collection,
  id,
  children,
}: {
  collection: Collection
  id: string
  children: string
}) {
  if (!useCanList()(collection)) return children
  return (
    <Link to="/$collection/$id" params={{ collection, id }} className={classes.link} preload={false}>
      {children}
    </Link>
  )
}

export function clientLink(record: { clientId?: string | null; clientName?: string | null }) {
  if (!record.clientName) return null
  if (!record.clientId) return record.clientName
  return (
    <RecordLink collection="clients" id={record.clientId}>
      {record.clientName}
    </RecordLink>
  )
}

export function cents(value: number | null | undefined, format: Format): string | null {
  return typeof value === 'number' ? format.money(value) : null
}

/** Money that is open; nothing open is left blank, so that what is owed stands out. */
export function owed(value: number | null | undefined, format: Format): string | null {
  return value ? format.money(value) : null
}

export function date(value: string | null | undefined, format: Format): string | null {
  return value ? format.date(value) : null
}

export function dateTime(value: string | null | undefined, format: Format): string | null {
  return value ? format.dateTime(value) : null
}

export function numbered(
  number: string | number | null | undefined,
  title: string | null | undefined,
): string {
  return [number ? `#${number}` : '', title ?? ''].filter(Boolean).join(' ')
}
