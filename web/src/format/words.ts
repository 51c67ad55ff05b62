import type { Role } from '../api/types'

export interface Noun {
  one: string
  many: string
}

const nouns: Record<string, Noun> = {
  clients: { one: 'client', many: 'clients' },
  properties: { one: 'property', many: 'properties' },
  requests: { one: 'request', many: 'requests' },
  quotes: { one: 'quote', many: 'quotes' },
  jobs: { one: 'job', many: 'jobs' },
  visits: { one: 'visit', many: 'visits' },
  invoices: { one: 'invoice', many: 'invoices' },
  payments: { one: 'payment', many: 'payments' },
  users: { one: 'team member', many: 'team members' },
}

export function nounOf(collection: string): Noun {
  return nouns[collection] ?? { one: 'record', many: spaced(collection) }
}

export function collectionName(collection: string): string {
  return capital(nounOf(collection).many)
}

const roles: Record<Role, string> = {
  owner: 'Owner',
  admin: 'Administrator',
  dispatcher: 'Dispatcher',
  technician: 'Technician',
  viewer: 'Viewer',
}

export function roleName(role: Role): string {
  return roles[role] ?? capital(spaced(role))
}

/** Names where the plain reading of the stored word would not do. */
const values: Record<string, string> = {
  requiresInvoicing: 'To invoice',
  awaitingResponse: 'Awaiting response',
  changesRequested: 'Changes requested',
  awaitingPayment: 'Awaiting payment',
  sentNotDue: 'Awaiting payment',
  pastDue: 'Past due',
  badDebt: 'Bad debt',
  assessmentCompleted: 'Assessed',
  inProgress: 'In progress',
  actionRequired: 'Action required',
  endingWithin30Days: 'Ending soon',
  oneOff: 'One-off',
  failedAchPayment: 'Failed bank payment',
  initialBalance: 'Opening balance',
  ach: 'Bank transfer (ACH)',
  ePayment: 'Online payment',
  epayment: 'Online payment',
  jobberPayments: 'Jobber Payments',
  bankTransfer: 'Bank transfer',
  creditCard: 'Credit card',
}

/** A stored word as people write it: `changes_requested`, `changesRequested` and `CHANGES_REQUESTED` → `Changes requested`. */
export function valueName(value: string): string {
  const key = camel(value)
  return values[key] ?? capital(spaced(key))
}

/** Any of Jobber's spellings as camelCase. */
export function camel(value: string): string {
  if (!/[_\s-]/.test(value) && value !== value.toUpperCase())
    return value.charAt(0).toLowerCase() + value.slice(1)
  return value
    .toLowerCase()
    .split(/[_\s-]+/)
    .map((word, i) => (i === 0 ? word : capital(word)))
    .join('')
}

function spaced(camelCase: string): string {
  return camelCase.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** At most two initials, for a round badge. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = words[0]?.charAt(0) ?? ''
  const last = words.length > 1 ? (words.at(-1)?.charAt(0) ?? '') : ''
  return (first + last).toUpperCase() || '?'
}

export function oneLine(address: unknown): string {
  if (typeof address === 'string') return address
  if (typeof address !== 'object' || address === null) return ''
  const { street, city, province, postalCode } = address as Record<string, string | undefined>
  return [street, city, [province, postalCode].filter(Boolean).join(' ')].filter(Boolean).join(', ')
}
