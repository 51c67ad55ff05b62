import type { Permission, Role, Scope } from '../api/types'

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

/** `an administrator`, `a technician`. */
export function aRole(role: Role): string {
  const name = roleName(role).toLowerCase()
  return `${/^[aeio]/.test(name) ? 'an' : 'a'} ${name}`
}

const roleTexts: Record<Role, string> = {
  owner: 'Everything, also connecting Jobber and passing the business on',
  admin: 'Everything but connecting Jobber, the settings of the account and its ownership',
  dispatcher: 'All the work and who is in the business; no money',
  technician: 'The visits of their own team and the overview; no money',
  viewer: 'All the work; no money',
}

/** What somebody of a role sees and may do, in a line. */
export function roleText(role: Role): string {
  return roleTexts[role] ?? ''
}

const permissions: Record<Permission, string> = {
  'self:manage': 'See and end their own sessions',
  'summary:read': 'See the figures of the overview',
  'record:read': 'See clients, requests, quotes, jobs and visits',
  'finance:read': 'See invoices, payments and all amounts of money',
  'sync:manage': 'Start and stop copying from Jobber',
  'jobber:connect': 'Connect Jobber and disconnect it',
  'member:read': 'See who is in the business',
  'member:manage': 'Invite, change and remove members',
  'session:manage': 'See and end other members’ sessions',
  'live:manage': 'See who is connected and end live connections',
  'key:manage': 'Create, rotate and revoke API keys',
  'security:read': 'Follow sign-ins and changes of members and keys',
  'task:read': 'See background work and how it stands',
  'task:manage': 'Stop, mend and repeat background work',
  'schedule:read': 'See what is done by the calendar',
  'schedule:manage': 'Have done by the calendar what they may do themselves',
  'report:read': 'See and download reports',
  'report:make': 'Make, share and delete reports',
  'batch:run': 'Make many changes in Jobber at once',
  'account:manage': 'Change the account’s settings',
  'event:export': 'Export the audit log',
  'event:replay': 'Send past events to the dashboards again',
  'event:erase': 'Erase a person from the audit log',
  'owner:transfer': 'Make somebody else the owner',
}

/** All permissions, in the order in which people are told of them: from what one sees to what one changes. */
export const permissionOrder: Permission[] = [
  'summary:read',
  'record:read',
  'finance:read',
  'member:read',
  'security:read',
  'task:read',
  'schedule:read',
  'report:read',
  'report:make',
  'self:manage',
  'schedule:manage',
  'batch:run',
  'sync:manage',
  'member:manage',
  'session:manage',
  'live:manage',
  'key:manage',
  'task:manage',
  'account:manage',
  'event:export',
  'event:replay',
  'event:erase',
  'jobber:connect',
  'owner:transfer',
]

/** Those that an API key can be given. The others take a person: they decide who gets in, or what is connected. */
export const keyPermissions: Permission[] = [
  'summary:read',
  'record:read',
  'finance:read',
  'member:read',
  'security:read',
  'task:read',
  'report:read',
  'report:make',
  'sync:manage',
  'batch:run',
]

/** What a permission lets somebody do, in plain words. */
export function permissionName(permission: Permission): string {
  return permissions[permission] ?? capital(permission.split(':').reverse().join(' '))
}

/** How far a permission reaches; nothing for the whole account. */
export function scopeName(scope: Scope): string {
  return scope === 'team' ? 'Own team' : scope === 'own' ? 'Own records' : ''
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
