import type { AuditEntry } from '../../../api/types'
import type { Format } from '../../../format/use-format'
import { capital, valueName } from '../../../format/words'

/** Who did it, for people. */
export function actorName({ kind, id, name }: AuditEntry['actor']): string {
  const person = name || (id ? 'A former member' : 'Somebody')
  switch (kind) {
    case 'member':
      return person
    case 'key':
      return `An API key of ${name || 'a former member'}`
    case 'jobber':
      return 'In Jobber'
    default:
      return 'Fieldboard'
  }
}

/** `Total`, `Start at`, `Privileged: idle minutes`. */
export function fieldName(field: string): string {
  const parts = field.split('.').map(part =>
    part
      .replace(/Cents$/, '')
      .replace(/Ids?$/, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase(),
  )
  return capital(parts.join(': '))
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** A value as people read it; a dash for none. */
export function shown(field: string, value: unknown, format: Pick<Format, 'money' | 'dateTime'>): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'number') return /cents$/i.test(field) ? format.money(value) : String(value)
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (typeof value === 'string') {
    if (time.test(value)) return format.dateTime(value)
    return /status$|role$/i.test(field) ? valueName(value) : value
  }
  if (Array.isArray(value)) return value.map(item => shown(field, item, format)).join(', ') || '–'
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== '')
    .map(([name, part]) => `${fieldName(name)}: ${shown(name, part, format)}`)
    .join(', ')
}
